// How fast this machine reads memory: a sweep by several threads over more than any cache holds.
#pragma once

#include <cstdint>

#include "sluice/status.h"

namespace sluice {

struct RamRate {
  double gb_s = 0;          // all threads together; 1e9 bytes a second
  uint64_t bytes = 0;       // of the block swept
  uint64_t huge_bytes = 0;  // of it that the system backed with huge pages
};

// Maps and fills `bytes`, then reads them over and over for about `seconds` on `threads` threads.
// REQUIRES: threads >= 1, bytes >= 1 MiB a thread. Errors: over_budget, when the memory is not to be had.
Result<RamRate> measure_ram(int32_t threads, uint64_t bytes, double seconds);

}  // namespace sluice
