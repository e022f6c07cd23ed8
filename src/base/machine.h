// What this machine and its limits are, as the operating system reports them. Reads /proc and /sys, never the environment.
#pragma once

#include <cstdint>

namespace sluice {

int32_t cpu_count();          // cores this process may run on, at least 1
uint64_t available_memory();  // bytes that can still be used without swapping, by the machine and the cgroup (v1 and v2)
uint64_t peak_rss();          // the most resident bytes this process has had

}  // namespace sluice
