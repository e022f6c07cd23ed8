// Writes a model of a true shape with random weights, so that a machine can be measured before a download.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "sluice/status.h"

namespace sluice::store {

struct SynthOptions {
  std::string shape;            // a name of synth_shapes()
  std::string out;              // replaced when it is there
  int32_t layers = 0;           // 0: as many as the shape has
  std::string format = "Q4_K";  // of the matrices; norms, routers, vectors and convolutions are F32
  std::string vocabulary;       // a GGUF file to copy the tokenizer from; empty: a generated one
  float skew = 2;               // deviation of the experts' popularity in a router's logits; 0: all alike
  uint64_t seed = 1;
  int32_t threads = 1;  // does not change the file

  std::function<void(uint64_t done, uint64_t total)> progress;  // bytes; called in the caller's thread
  const std::atomic<bool>* cancel = nullptr;
};

struct SynthReport {
  uint64_t bytes = 0;
  int64_t tensors = 0, parameters = 0;
};

// The file is there whole or not at all, and depends on nothing but shape, layers, format, vocabulary, skew and seed;
// the first layers are the same whatever their number.
// Errors: invalid (names what there is), io (a disk without room: both numbers), cancelled; those of the vocabulary.
Result<SynthReport> synthesize(const SynthOptions& options);

}  // namespace sluice::store
