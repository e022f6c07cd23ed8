// A disk in memory, for tests: its own files, a gate that holds reads back, and a record of what was read in what
// order. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "io/reader.h"

namespace sluice::io {

class FakeDisk {
 public:
  struct Call {
    const File* file;
    uint64_t offset;
    uint64_t bytes;
  };

  // The file lives as long as the disk.
  // A direct file (alignment above 1) refuses what is not aligned with -EINVAL, as the system does.
  const File* add(std::string path, std::vector<std::byte> contents, uint64_t alignment = 1);

  // Later reads find the file ending here. REQUIRES: `file` is of this disk, bytes <= its size.
  void truncate(const File* file, uint64_t bytes);

  // Reads through this disk, -EBADF for a file of another. REQUIRES: the disk outlives the reader's use.
  Reader reader();

  // From now on reads wait at the gate until let through: `reads` of them, or all and for good.
  void hold();
  void let_through(uint64_t reads);
  void open_gate();

  // Blocks until `reads` reads stand at the gate.
  void wait_for_held(uint64_t reads);

  // In the order in which the reads reached the disk, held ones included.
  std::vector<Call> calls() const;

 private:
  struct Entry {
    File file;
    std::vector<std::byte> contents;
  };

  static int64_t read(void* self, const File& file, uint64_t offset, std::span<std::byte> out);
  int64_t read(const File& file, uint64_t offset, std::span<std::byte> out);
  Entry* find(const File* file);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> entries_;  // a deque: files keep their address
  std::vector<Call> calls_;
  bool closed_ = false;
  uint64_t allowed_ = 0;  // reads that may still pass the closed gate
  uint64_t held_ = 0;
};

}  // namespace sluice::io
