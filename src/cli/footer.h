// What a run did, for a person: one or two lines on stderr.
#pragma once

#include <optional>
#include <string>

#include "sluice/engine.h"
#include "sluice/session.h"

namespace sluice::cli {

// `seed`: unset when nothing was drawn at random.
std::string footer(const Generation& generation, const ModelInfo& info, std::optional<uint64_t> seed);

// "85 % of limit 14.2 tok/s", or how to have it measured.
std::string limit_text(const Stats& stats);

// The kernels by name, and whether they lose something.
std::string kernels_text(const Stats& stats);

// " · kv q8 (lossy)", or nothing where keys and values are kept exactly.
std::string kv_text(const Stats& stats);

// Whose choice of experts it was: "own", the routers', or what replaced it.
std::string routes_name(const Stats& stats);

}  // namespace sluice::cli
