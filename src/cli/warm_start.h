// Where the use counts of a model are kept between runs (EngineOptions::use_counts).
#pragma once

#include <string>

namespace sluice::cli {

// $XDG_CACHE_HOME/sluice/uses/, else ~/.cache/sluice/uses/, and a name made of the model's; the folder is made. "" where
// the environment names no place or it cannot be made.
std::string use_counts_path(const std::string& model);

}  // namespace sluice::cli
