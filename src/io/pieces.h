// Requests cut into pieces and put together again: which piece to read next, and what became of a request whose pieces
// ended in any order. Pure bookkeeping, for backends that cut. Not thread-safe; nothing allocates after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "io/progress.h"
#include "io/request.h"
#include "io/ring.h"

namespace sluice::io {

class Pieces {
 public:
  struct Piece {
    Request request;  // of the piece
    size_t whole;     // the request it is of, for end()
  };

  // Up to `capacity` requests; pieces of `piece` bytes, 0 for whole requests. REQUIRES: capacity > 0.
  Pieces(size_t capacity, uint64_t piece);

  // REQUIRES: fewer than `capacity` requests have been added and not yet ended; request.bytes > 0.
  void add(const Request& request);

  bool waiting(Priority priority) const { return !queue(priority).empty(); }

  // The next piece of the oldest request of this priority that has any left. Cuts lie at multiples of the file's
  // alignment, so that pieces of a direct request share no block. REQUIRES: waiting(priority).
  Piece next(Priority priority);

  // Takes in the end of a piece. With the last one, the completion of the request: of what failed, the piece that lies
  // first tells, and bytes_done counts to there. REQUIRES: progress.finished().
  std::optional<Completion> end(size_t whole, const Progress& progress, uint64_t piece_offset);

 private:
  struct Whole {
    Request request;
    uint64_t handed_out = 0;  // bytes, from the start of the request
    uint64_t at_drive = 0;    // pieces
    uint64_t good = 0;        // bytes before the first failure so far
    Completion failure;       // of the piece at `good`, when there is one
    bool failed = false;
  };

  Ring<size_t>& queue(Priority priority) { return priority == Priority::demand ? demand_ : speculative_; }
  const Ring<size_t>& queue(Priority priority) const { return priority == Priority::demand ? demand_ : speculative_; }
  uint64_t cut(const Whole& whole) const;

  const uint64_t piece_;
  std::vector<Whole> wholes_;
  std::vector<size_t> free_;
  Ring<size_t> demand_;
  Ring<size_t> speculative_;
};

}  // namespace sluice::io
