// Which processors the threads of an engine are kept on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sluice/status.h"

namespace sluice::runtime {

// Empty: wherever the system likes.
struct Placement {
  std::vector<int32_t> compute;  // thread t on compute[t], thread 0 being the caller
  std::vector<int32_t> io;       // those left over by compute, or all where none is
};

// `pin`: EngineOptions::pin. `cpus`: those the process may use, one of each physical core first.
// Errors: invalid (no such word), unsupported (on, but there are fewer processors than threads, or none are known).
Result<Placement> place_threads(const std::string& pin, int32_t threads, std::span<const int32_t> cpus);

}  // namespace sluice::runtime
