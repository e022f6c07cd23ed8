#include "base/cores.h"

#ifdef __linux__
#include <sched.h>
#endif

#include <fstream>
#include <set>

namespace sluice {

#ifdef __linux__

namespace {

constexpr int32_t kMostCpus = 8192;

// cpu_set_t holds 1024; the system refuses a set smaller than its own.
struct CpuSet {
  CpuSet() : set(CPU_ALLOC(kMostCpus)) { CPU_ZERO_S(bytes(), set); }
  ~CpuSet() { CPU_FREE(set); }
  CpuSet(const CpuSet&) = delete;
  CpuSet& operator=(const CpuSet&) = delete;
  static size_t bytes() { return CPU_ALLOC_SIZE(kMostCpus); }
  cpu_set_t* set;
};

}  // namespace

std::vector<int32_t> allowed_cpus() {
  std::vector<int32_t> cpus;
  const CpuSet allowed;
  if (::sched_getaffinity(0, CpuSet::bytes(), allowed.set) != 0) return cpus;
  for (int32_t cpu = 0; cpu < kMostCpus; ++cpu) {
    if (CPU_ISSET_S(static_cast<size_t>(cpu), CpuSet::bytes(), allowed.set)) cpus.push_back(cpu);
  }
  return cpus;
}

bool keep_on(std::span<const int32_t> cpus) {
  const CpuSet wanted;
  for (const int32_t cpu : cpus) {
    if (cpu < 0 || cpu >= kMostCpus) return false;
    CPU_SET_S(static_cast<size_t>(cpu), CpuSet::bytes(), wanted.set);
  }
  return ::sched_setaffinity(0, CpuSet::bytes(), wanted.set) == 0;
}

#else

std::vector<int32_t> allowed_cpus() { return {}; }
bool keep_on(std::span<const int32_t>) { return false; }

#endif

std::vector<int32_t> distinct_first(std::span<const int32_t> cpus, std::string (*core_of)(int32_t cpu)) {
  std::vector<int32_t> first, rest;
  std::set<std::string> seen;
  for (const int32_t cpu : cpus) (seen.insert(core_of(cpu)).second ? first : rest).push_back(cpu);
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}

std::string core_of(int32_t cpu) {
  const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
  std::string package, core;
  std::ifstream(topology + "physical_package_id") >> package;
  std::ifstream(topology + "core_id") >> core;
  if (core.empty()) return "processor " + std::to_string(cpu);
  return package + "." + core;
}

}  // namespace sluice
