// The logical processors this process may run on, the physical cores behind them, and threads kept on some of them.
// Reads /sys, never the environment. Where the system has no such thing (macOS), nothing can be pinned.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sluice {

// Numbers of the logical processors the calling thread may run on (taskset, cgroup cpusets), ascending; empty: unknown.
std::vector<int32_t> allowed_cpus();

// Keeps the calling thread on `cpus`; false where the system refuses.
bool keep_on(std::span<const int32_t> cpus);

// The same processors, one of each physical core first, then those that share a core with one before.
// `core_of` gives a name of the physical core of a processor.
std::vector<int32_t> distinct_first(std::span<const int32_t> cpus, std::string (*core_of)(int32_t cpu));

// As the system tells: package and core, the processor itself where it tells nothing.
std::string core_of(int32_t cpu);

}  // namespace sluice
