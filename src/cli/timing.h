// Where the time of a token went, as a table for a person.
#pragma once

#include <string>
#include <vector>

#include "sluice/stats.h"

namespace sluice::cli {

// Milliseconds a token and shares, of prompts and of decoding, over all of `runs`. Decode tokens are those that cost a
// pass.
std::string timing_table(const std::vector<Stats>& runs);

}  // namespace sluice::cli
