// What a state depends on: the weights, and how they are run. Two engines with one key compute the same bytes from the same
// tokens, wherever their files lie.
#pragma once

#include "runtime/engine_parts.h"

namespace sluice::runtime {

// Reads the trunk in memory once and a little of every layer's experts. Errors: io.
Result<uint64_t> model_key(const Engine::Parts& engine);

}  // namespace sluice::runtime
