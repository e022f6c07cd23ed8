// What a run did, for a person: one or two lines on stderr.
#pragma once

#include <optional>
#include <string>

#include "sluice/engine.h"
#include "sluice/session.h"

namespace sluice::cli {

// `seed`: unset when nothing was drawn at random.
std::string footer(const Generation& generation, const ModelInfo& info, std::optional<uint64_t> seed);

}  // namespace sluice::cli
