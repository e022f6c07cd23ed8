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

namespace sluice::io {

class Pieces {
 public:
  struct Piece {
    Request request;  // of the piece
    size_t whole;     // the request it is of, for end()
  };

  // Up to `capacity` requests; pieces of `piece` bytes, 0 for whole requests. REQUIRES: capacity, drives > 0.
  Pieces(size_t capacity, size_t drives, uint64_t piece);

  // REQUIRES: fewer than `capacity` requests have been added and not yet ended; request.bytes > 0, its drive is one.
  void add(const Request& request);

  bool waiting(size_t drive, Priority priority) const { return line(drive, priority).first != kNone; }

  // The next piece of the oldest request of this drive and priority that has any left. Cuts lie at multiples of the
  // file's alignment, so that pieces of a direct request share no block. REQUIRES: waiting(drive, priority).
  Piece next(size_t drive, Priority priority);

  // Takes in the end of a piece. With the last one, the completion of the request: of what failed, the piece that lies
  // first tells, and bytes_done counts to there. REQUIRES: progress.finished().
  std::optional<Completion> end(size_t whole, const Progress& progress, uint64_t piece_offset);

 private:
  static constexpr size_t kNone = SIZE_MAX;

  struct Whole {
    Request request;
    uint64_t handed_out = 0;  // bytes, from the start of the request
    uint64_t at_drive = 0;    // pieces
    uint64_t good = 0;        // bytes before the first failure so far
    Completion failure;       // of the piece at `good`, when there is one
    bool failed = false;
    size_t behind = kNone;  // the next in its line
  };

  // Requests of one drive and priority with pieces left, in order, linked through Whole::behind.
  struct Line {
    size_t first = kNone, last = kNone;
  };

  static size_t index(size_t drive, Priority priority) { return 2 * drive + (priority == Priority::demand ? 0 : 1); }
  Line& line(size_t drive, Priority priority) { return lines_[index(drive, priority)]; }
  const Line& line(size_t drive, Priority priority) const { return lines_[index(drive, priority)]; }
  uint64_t cut(const Whole& whole) const;

  const uint64_t piece_;
  std::vector<Whole> wholes_;
  std::vector<size_t> free_;
  std::vector<Line> lines_;
};

}  // namespace sluice::io
