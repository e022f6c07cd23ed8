// Makes pieces of tensors and writes them, several threads at once, in large aligned chunks of the file.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "sluice/status.h"
#include "store/atomic_file.h"
#include "store/synth_fill.h"

namespace sluice::store {

// Some rows of one tensor: what one random stream makes.
struct SynthPiece {
  std::string_view tensor;
  const Filler* filler;
  uint64_t number;  // in its tensor
  int64_t rows;
  uint64_t offset, bytes;  // in the file
};

struct SynthWrite {
  std::string header;                  // what the file begins with
  std::span<const SynthPiece> pieces;  // by offset; what lies between them is zero
  uint64_t bytes = 0;                  // of the file
  uint64_t seed = 0;
  int32_t threads = 1;
  std::function<void(uint64_t done, uint64_t total)> progress;  // may be empty; called in the caller's thread
  const std::atomic<bool>* cancel = nullptr;
};

// Errors: io, cancelled.
Status write_pieces(const SynthWrite& work, AtomicFile& file);

}  // namespace sluice::store
