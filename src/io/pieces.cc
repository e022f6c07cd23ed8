#include "io/pieces.h"

#include <algorithm>

#include "base/check.h"
#include "io/file.h"

namespace sluice::io {

Pieces::Pieces(size_t capacity, size_t drives, uint64_t piece)
    : piece_(piece), wholes_(capacity), free_(capacity), lines_(2 * drives) {
  for (size_t i = 0; i < capacity; ++i) free_[i] = capacity - 1 - i;
}

void Pieces::add(const Request& request) {
  SLUICE_CHECK(!free_.empty() && request.bytes > 0 && request.drive < lines_.size() / 2);
  const size_t at = free_.back();
  free_.pop_back();
  Whole& whole = wholes_[at] = Whole();
  whole.request = request;
  whole.good = request.bytes;
  Line& to = line(request.drive, request.priority);
  (to.first == kNone ? to.first : wholes_[to.last].behind) = at;
  to.last = at;
}

// Where the piece that is next ends, from the start of the request.
uint64_t Pieces::cut(const Whole& whole) const {
  const Request& r = whole.request;
  const uint64_t align = r.file->alignment();
  const uint64_t step = std::max(piece_, align);
  // A last piece of less than half the size is not worth a read of its own.
  if (piece_ == 0 || r.bytes - whole.handed_out <= step + step / 2) return r.bytes;
  const uint64_t begin = r.offset + whole.handed_out;
  return (begin + step) / align * align - r.offset;
}

Pieces::Piece Pieces::next(size_t drive, Priority priority) {
  Line& from = line(drive, priority);
  const size_t at = from.first;
  SLUICE_CHECK(at != kNone);
  Whole& whole = wholes_[at];
  const uint64_t begin = whole.handed_out, end = cut(whole);
  whole.handed_out = end;
  ++whole.at_drive;
  if (end == whole.request.bytes) from.first = whole.behind;
  Request piece = whole.request;
  piece.offset += begin;
  piece.dst += begin;
  piece.bytes = end - begin;
  return {piece, at};
}

std::optional<Completion> Pieces::end(size_t at, const Progress& progress, uint64_t piece_offset) {
  Whole& whole = wholes_[at];
  SLUICE_CHECK(whole.at_drive > 0);
  --whole.at_drive;
  const Completion piece = progress.completion();
  const uint64_t reached = piece_offset - whole.request.offset + piece.bytes_done;
  if (!piece.ok() && (!whole.failed || reached < whole.good)) {
    whole.failed = true;
    whole.failure = piece;
    whole.good = reached;
  }
  if (whole.at_drive > 0 || whole.handed_out < whole.request.bytes) return std::nullopt;
  free_.push_back(at);
  Completion completion = whole.failed ? whole.failure : piece;
  completion.bytes_done = whole.good;
  return completion;
}

}  // namespace sluice::io
