// Snapshots in a folder, so that conversations outlive the process: bounded in bytes, the least recently used go first. What is
// damaged or of another model is as good as absent. Written by a thread of its own, whole and durable before it has its name;
// a state that is nearly on disk already is written at the end only, if it is still in memory then; an hour writes no more than half of
// what the folder holds.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>

#include "runtime/snapshot_file.h"

namespace sluice::runtime {

struct FolderCounters {
  uint64_t files = 0, bytes = 0;              // there now, those of other models included
  uint64_t written = 0, written_bytes = 0;    // so far
  uint64_t read = 0, refused = 0;             // so far; refused: damaged files
  uint64_t put_off = 0;                       // not written: the hour's bytes were used up, or the writer was behind
  uint64_t failed = 0;                        // writes
  std::string last_error;
};

class SnapshotFolder {
 public:
  // Makes the folder where it is missing, and looks at what it holds. Errors: io; invalid (not a folder).
  static Result<std::unique_ptr<SnapshotFolder>> open(const std::string& folder, uint64_t limit, const SnapshotShape& shape, uint64_t key);
  // Writes what was left for the end, and waits for it.
  ~SnapshotFolder();

  // What is known of the longest snapshot that the prompt begins with.
  struct Found {
    std::string path;
    size_t tokens = 0;
    uint64_t memory = 0;
  };
  Found longest(std::span<const int32_t> prompt);

  // Null where it turns out to be of no use: it is then forgotten, and deleted if damaged.
  std::shared_ptr<const Snapshot> read(const Found& found);

  // Has it written, if that is worth it.
  void offer(std::shared_ptr<const Snapshot> snapshot);

  // Until all that was offered is written or dropped.
  void settle();

  FolderCounters counters() const;

 private:
  struct Entry {
    std::string path;
    SavedPrefix prefix;  // no tokens: not of this model
  };
  SnapshotFolder(std::string folder, uint64_t limit, const SnapshotShape& shape, uint64_t key)
      : folder_(std::move(folder)), limit_(limit), shape_(shape), key_(key) {}
  Status look();
  void run();
  void write(const Snapshot& snapshot);
  bool make_room(uint64_t bytes);
  bool there_but_for(const Snapshot& snapshot, size_t part) const;  // all but a `part`th of it
  void leave_for_the_end(const std::shared_ptr<const Snapshot>& snapshot);
  void write_if_allowed(std::unique_lock<std::mutex>& lock, const Snapshot& snapshot);
  bool within_the_hour(uint64_t bytes);

  const std::string folder_;
  const uint64_t limit_;
  const SnapshotShape shape_;
  const uint64_t key_;

  mutable std::mutex mutex_;  // guards what follows; never held while a file is written or its states are read
  std::condition_variable work_, idle_;
  std::list<Entry> entries_;  // most recently used first
  std::deque<std::shared_ptr<const Snapshot>> queue_;
  std::deque<std::weak_ptr<const Snapshot>> late_;  // oldest first
  bool stopping_ = false, busy_ = false;
  FolderCounters counters_;
  std::chrono::steady_clock::time_point hour_ = std::chrono::steady_clock::now();
  uint64_t hour_bytes_ = 0;
  std::thread thread_;
};

}  // namespace sluice::runtime
