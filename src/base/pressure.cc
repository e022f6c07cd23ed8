#include "base/pressure.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>

#include "base/machine.h"

namespace sluice {
namespace {

constexpr size_t kMostText = 16 << 10;  // memory.stat has about 2 KB

int open_text(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

// What the file says now; empty where there is none.
std::string_view read_text(int fd, std::vector<char>& text) {
  if (fd < 0) return {};
  ssize_t n = 0;
  do {
    n = ::pread(fd, text.data(), text.size(), 0);
  } while (n < 0 && errno == EINTR);
  return {text.data(), static_cast<size_t>(std::max<ssize_t>(n, 0))};
}

// The number that the text begins with, blanks aside; none where it says "max".
std::optional<uint64_t> number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  uint64_t value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

// The value in the line that begins with `key`, which holds its separator.
std::optional<uint64_t> field(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    if (text.starts_with(key)) return number(text.substr(key.size()));
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return std::nullopt;
}

double stalled_percent(std::string_view text) {
  constexpr std::string_view kKey = "some avg10=";
  if (!text.starts_with(kKey)) return -1;
  // By hand: not all libraries have from_chars for doubles, and strtod asks the locale.
  double value = 0, unit = 1;
  bool point = false;
  for (const char c : text.substr(kKey.size())) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      value = value * 10 + (c - '0');
      unit *= point ? 10 : 1;
    } else {
      break;
    }
  }
  return value / unit;
}

uint64_t major_faults() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_majflt);
}

}  // namespace

PressureMeter::PressureMeter(const Places& places) : text_(kMostText) {
  meminfo_ = open_text(places.proc + "/meminfo");
  add_groups(places);
  // That of the whole machine serves where the cgroup has none: others' stalls are a warning too.
  if (stalls_ < 0) stalls_ = open_text(places.proc + "/pressure/memory");
}

// As base/machine.cc finds them; those without a limit are kept, it may be set later.
void PressureMeter::add_groups(const Places& places) {
  std::ifstream in(places.proc + "/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':', line.find(':') + 1);
    if (colon == std::string::npos) continue;
    const bool v2 = line.starts_with("0::");
    if (!v2 && line.find(":memory:") == std::string::npos && line.find("memory,") == std::string::npos) continue;
    const std::string root = v2 ? places.cgroups : places.cgroups + "/memory";
    for (std::string path = line.substr(colon + 1);; path = path.substr(0, path.rfind('/'))) {
      const std::string folder = root + (path == "/" ? "" : path);
      Group group;
      group.limit = open_text(folder + (v2 ? "/memory.max" : "/memory.limit_in_bytes"));
      if (group.limit >= 0) {
        group.used = open_text(folder + (v2 ? "/memory.current" : "/memory.usage_in_bytes"));
        group.stat = open_text(folder + "/memory.stat");
        groups_.push_back(group);
      }
      if (v2 && stalls_ < 0) stalls_ = open_text(folder + "/memory.pressure");
      if (path.empty() || path == "/") break;
    }
  }
}

PressureMeter::~PressureMeter() {
  for (const Group& group : groups_) {
    for (const int fd : {group.limit, group.used, group.stat}) {
      if (fd >= 0) ::close(fd);
    }
  }
  if (meminfo_ >= 0) ::close(meminfo_);
  if (stalls_ >= 0) ::close(stalls_);
}

// The limit less what is used, file cache that can be dropped not counted.
uint64_t PressureMeter::left_in(const Group& group) {
  const std::optional<uint64_t> limit = number(read_text(group.limit, text_));
  if (!limit || *limit > (uint64_t{1} << 60)) return kNoLimit;  // v1 says "none" with an absurd number
  const std::optional<uint64_t> used = number(read_text(group.used, text_));
  if (!used) return *limit;
  const uint64_t cache = std::min(*used, field(read_text(group.stat, text_), "inactive_file ").value_or(0));
  return *limit - std::min(*limit, *used - cache);
}

MemoryHealth PressureMeter::sample() {
  MemoryHealth health;
  health.major_faults = major_faults();
  const std::optional<uint64_t> kib = field(read_text(meminfo_, text_), "MemAvailable:");
  health.available = kib ? *kib * 1024 : physical_memory();
  for (const Group& group : groups_) health.available = std::min(health.available, left_in(group));
  health.stalled = stalled_percent(read_text(stalls_, text_));
  return health;
}

}  // namespace sluice
