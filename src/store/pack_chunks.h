// The pieces of a pack in chunks of some MiB, worked through by several threads in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sluice/status.h"
#include "store/pack.h"
#include "store/pack_index.h"

namespace sluice::store {

// Neighbouring pieces of one section.
struct PackChunk {
  std::span<const PackPiece> pieces;
  uint64_t first = 0;  // number of the first among all pieces
  uint64_t bytes = 0;

  size_t file() const { return pieces.front().file; }
  uint64_t offset() const { return pieces.front().offset; }
};

// The pieces must outlive the chunks.
std::vector<PackChunk> pack_chunks(std::span<const PackPiece> pieces);

// Called with room for the whole chunk at a multiple of kDirectAlignment, and with its number; by several threads.
using PackJob = std::function<Status(const PackChunk& chunk, size_t number, std::span<std::byte> room)>;

// Hands out the chunks in order. The first error ends it; of several, that of the earliest chunk is returned. At most
// some 64 MiB are in use, or one chunk where one is larger. `done`: bytes that count as done before.
// Errors: those of the job, cancelled.
Status walk_chunks(std::span<const PackChunk> chunks, const PackWatch& watch, uint64_t done, uint64_t total,
                   const PackJob& job);

// Reads a chunk of the opened file and returns how many of its pieces have their checksums before one has not.
// Errors: io.
Result<size_t> good_pieces(const io::File& file, const PackChunk& chunk, std::span<const uint64_t> sums,
                           std::span<std::byte> room);

// Opens a file of a pack to be read past the page cache, where that works. Errors: as io::File::open.
Result<io::File> open_for_checking(const std::string& path);

}  // namespace sluice::store
