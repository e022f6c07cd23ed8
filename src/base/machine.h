// What this machine and its limits are, as the operating system reports them. Reads /proc and /sys, never the
// environment.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace sluice {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

// Cores this process may keep busy, at least 1: those it may run on, and what its cgroup and all above it allow of their
// time, rounded up. More threads than that are stopped together when the time is used up.
int32_t cpu_count();
uint64_t cgroup_cores(const std::string& folder, bool v2);  // what one cgroup's folder allows, or kNoLimit
uint64_t
available_memory();   // bytes that can still be used without swapping, by the machine and the cgroup (v1 and v2)
uint64_t peak_rss();  // the most resident bytes this process has had

uint64_t physical_memory();  // bytes of the machine
uint64_t cgroup_memory();  // the least memory limit of this process's cgroup and all above it (v1 and v2), or kNoLimit
uint64_t lockable_memory();  // bytes this process may lock (RLIMIT_MEMLOCK; without bound when privileged), or kNoLimit
std::string huge_page_mode();  // transparent huge pages: "always", "madvise", "never", or "" where there are none
std::string cpu_name();        // as the processor calls itself; "" when unknown

}  // namespace sluice
