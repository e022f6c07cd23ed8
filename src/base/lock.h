// Memory that should stay in memory, and memory that is given back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice {

struct LockedBytes {
  uint64_t locked = 0;   // the system may not take these from us
  uint64_t touched = 0;  // not locked, only resident for now; both together are the pages of what was asked for
};

// Locks as much as RLIMIT_MEMLOCK or privilege permits, from the front, and makes the rest resident by touching every
// page. The bytes stay as they are. The lock ends with the mapping. REQUIRES: memory is writable; nobody writes to it
// meanwhile.
LockedBytes lock_memory(std::span<std::byte> memory);

// Gives the whole pages inside `memory` back to the system, locked or not: they read as zeros and take no memory until
// they are written again. Less than a page at either end stays. Returns the bytes given back, 0 where the system does
// not take them. REQUIRES: anonymous memory (base/arena.h) that is NOT registered with a queue
// (io::QueueOptions::registered): the kernel would go on reading into the pages that it holds, and those are no longer
// the ones that we see.
uint64_t give_back(std::span<std::byte> memory);

}  // namespace sluice
