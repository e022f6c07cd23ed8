// Fills chunks of a pack from the model's own files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sluice/status.h"
#include "store/model_files.h"
#include "store/pack_plan.h"

namespace sluice::store {

// Bytes [begin, begin + room.size()) of the file that `moves` (by `to`) makes. Neighbours in the source are read at
// once, and leave the page cache again. Thread-safe. Errors: io.
Status fill_chunk(const ModelFiles& model, std::span<const PackMove> moves, uint64_t begin, std::span<std::byte> room);

}  // namespace sluice::store
