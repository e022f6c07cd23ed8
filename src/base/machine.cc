#include "base/machine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "base/cores.h"

namespace sluice {
namespace {

constexpr uint64_t kUnlimited = kNoLimit;

// A file that holds one number; kUnlimited when it is absent or says "max".
uint64_t number_in(const std::string& path) {
  std::ifstream in(path);
  uint64_t value = 0;
  return in >> value ? value : kUnlimited;
}

// The value of `key` in a file of "key value" or "key: value kB" lines; 0 when absent.
uint64_t field_in(const std::string& path, const std::string& key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const size_t digit = line.find_first_of("0123456789", key.size());
    if (digit == std::string::npos) return 0;
    const uint64_t value = std::strtoull(line.c_str() + digit, nullptr, 10);
    return line.find("kB") != std::string::npos ? value * 1024 : value;
  }
  return 0;
}

// The limit of one cgroup folder; absurdly high ones are how v1 says that there is none.
uint64_t limit_of(const std::string& folder, bool v2) {
  const uint64_t limit = number_in(folder + (v2 ? "/memory.max" : "/memory.limit_in_bytes"));
  return limit > (uint64_t{1} << 60) ? kUnlimited : limit;
}

// What is left under one cgroup folder: its limit less what is used, file cache that can be dropped not counted.
uint64_t left_in(const std::string& folder, bool v2) {
  const uint64_t limit = limit_of(folder, v2);
  if (limit == kUnlimited) return kUnlimited;
  const uint64_t used = number_in(folder + (v2 ? "/memory.current" : "/memory.usage_in_bytes"));
  if (used == kUnlimited) return limit;
  const uint64_t cache = std::min(used, field_in(folder + "/memory.stat", "inactive_file"));
  return limit - std::min(limit, used - cache);
}

// The least of `figure` over this process's cgroup of a controller ("memory", "cpu") and all above it.
uint64_t least_of_cgroups(const std::string& controller, uint64_t (*figure)(const std::string& folder, bool v2)) {
  uint64_t least = kUnlimited;
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find(':'), colon = line.find(':', first + 1);
    if (colon == std::string::npos) continue;
    const bool v2 = line.starts_with("0::");
    const std::string controllers = "," + line.substr(first + 1, colon - first - 1) + ",";
    if (!v2 && controllers.find("," + controller + ",") == std::string::npos) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + controller;
    for (std::string path = line.substr(colon + 1);; path = path.substr(0, path.rfind('/'))) {
      least = std::min(least, figure(root + (path == "/" ? "" : path), v2));
      if (path.empty() || path == "/") break;
    }
  }
  return least;
}

}  // namespace

uint64_t cgroup_cores(const std::string& folder, bool v2) {
  std::string quota;
  double period = 0;
  if (v2) {
    std::ifstream(folder + "/cpu.max") >> quota >> period;
  } else {
    std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;
    std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  }
  const double microseconds = std::strtod(quota.c_str(), nullptr);  // "max" and -1: no bound
  if (microseconds <= 0 || period <= 0) return kUnlimited;
  return static_cast<uint64_t>(std::ceil(microseconds / period));
}

int32_t cpu_count() {
  const auto allowed = static_cast<uint64_t>(allowed_cpus().size());
  const uint64_t cores = allowed > 0 ? allowed : std::thread::hardware_concurrency();
  return static_cast<int32_t>(std::max<uint64_t>(std::min(cores, least_of_cgroups("cpu", cgroup_cores)), 1));
}

uint64_t available_memory() {
  uint64_t bytes = field_in("/proc/meminfo", "MemAvailable");
  if (bytes == 0) bytes = physical_memory();
  return std::min(bytes, least_of_cgroups("memory", left_in));
}

uint64_t physical_memory() {
  return static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t cgroup_memory() {
  return least_of_cgroups("memory", limit_of);
}

uint64_t lockable_memory() {
  struct rlimit limit {};
  if (::geteuid() == 0 || ::getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  return limit.rlim_cur;
}

std::string huge_page_mode() {
  std::ifstream in("/sys/kernel/mm/transparent_hugepage/enabled");
  for (std::string word; in >> word;) {
    if (word.starts_with('[') && word.ends_with(']')) return word.substr(1, word.size() - 2);
  }
  return "";
}

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

uint64_t peak_rss() {
  // Not getrusage first: its figure survives exec, so it would count the program that started us.
  if (const uint64_t bytes = field_in("/proc/self/status", "VmHWM"); bytes > 0) return bytes;
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
#ifdef __APPLE__
  return static_cast<uint64_t>(usage.ru_maxrss);
#else
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
#endif
}

}  // namespace sluice
