// Which beginning of a prompt need not be read again: that which the session holds, or the longest state saved of any
// conversation. Saves states on the way: in long prompts, behind the last whole message of a prompt (what comes behind it,
// the template writes differently once the answer is there), at a prompt's end and at the answer's.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "runtime/prefix_store.h"
#include "runtime/snapshot_folder.h"
#include "sluice/session.h"

namespace sluice::runtime {

// What all sessions of an engine share.
struct SavedPrefixes {
  PrefixStore store;                       // limit 0: only what a session holds is gone on with
  std::unique_ptr<SnapshotFolder> folder;  // null: nothing goes to disk; ends before the store, whose states it still writes
  uint64_t saved = 0, restored = 0;        // states so far
};

// One a session; the engine thread's own.
class PrefixKeeper {
 public:
  // Both must outlive it.
  PrefixKeeper(Session::Parts& session, SavedPrefixes& saved) : s_(session), saved_(saved) {}

  // Tokens of the prompt that the session itself holds.
  size_t own(std::span<const int32_t> prompt) const;

  // Brings the session to the longest beginning of the prompt that is known; returns its tokens.
  size_t prepare(std::span<const int32_t> prompt);

  // Where in the prompt states should be saved, counted from its beginning, ascending; all behind `known`.
  std::vector<size_t> stops(std::span<const int32_t> prompt, size_t known);

  // The session stands behind exactly these tokens now: saves its state, where there is room.
  void save(std::span<const int32_t> tokens);

  // An answer ended; the session stands behind these tokens.
  void answered(std::vector<int32_t> tokens);
  // It failed, or was left in the middle of a prompt.
  void failed();

 private:
  std::shared_ptr<const Snapshot> from_disk(std::span<const int32_t> prompt, size_t more_than);
  size_t interval(size_t tokens) const;

  Session::Parts& s_;
  SavedPrefixes& saved_;
  std::vector<int32_t> held_;                 // the tokens the session stands behind
  std::weak_ptr<const Snapshot> parent_;      // a beginning of the session's conversation; shares its blocks
  size_t message_ = 0;                        // tokens of the prompt whose state is worth a file
  std::weak_ptr<const Snapshot> whole_;       // that state
};

}  // namespace sluice::runtime
