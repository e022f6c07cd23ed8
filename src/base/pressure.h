// How the memory of this process fares right now, cheap enough to ask after every token: a few reads of files that stay
// open, no allocation, no environment. base/machine.h has the same figures for once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

struct MemoryHealth {
  uint64_t major_faults = 0;  // of this process since it began: pages of it that had to be read back from a disk
  uint64_t available = 0;     // bytes, as available_memory()
  double stalled = -1;        // percent of the last 10 s in which a task waited for memory (PSI); -1: not told here
};

// Not thread-safe.
class PressureMeter {
 public:
  // Where the figures stand; tests put their own there.
  struct Places {
    std::string proc = "/proc";
    std::string cgroups = "/sys/fs/cgroup";
  };

  // Opens what there is of the machine and of this process's cgroups (v1 and v2). What is missing counts as no limit.
  PressureMeter() : PressureMeter(Places()) {}
  explicit PressureMeter(const Places& places);
  PressureMeter(const PressureMeter&) = delete;
  PressureMeter& operator=(const PressureMeter&) = delete;
  ~PressureMeter();

  // Cost: about 1 us a file, 10 to 30 us altogether.
  MemoryHealth sample();

 private:
  struct Group {  // descriptors of one cgroup folder, -1: absent
    int limit = -1, used = -1, stat = -1;
  };

  void add_groups(const Places& places);
  uint64_t left_in(const Group& group);

  std::vector<Group> groups_;  // this process's and all above it
  int meminfo_ = -1;
  int stalls_ = -1;
  std::vector<char> text_;  // of the file being read
};

}  // namespace sluice
