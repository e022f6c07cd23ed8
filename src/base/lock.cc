#include "base/lock.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "base/arena.h"

namespace sluice {
namespace {

uint64_t page_bytes() {
  return static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

// A read would do for memory with contents, but untouched memory would get the common page of zeros.
void touch(std::byte* begin, uint64_t bytes, uint64_t page) {
#ifdef MADV_POPULATE_WRITE
  if (::madvise(begin, bytes, MADV_POPULATE_WRITE) == 0) return;
#endif
  for (uint64_t at = 0; at < bytes; at += page) {
    volatile std::byte& first = begin[at];
    first = first;
  }
}

}  // namespace

LockedBytes lock_memory(std::span<std::byte> memory) {
  LockedBytes out;
  if (memory.empty()) return out;
  const uint64_t page = page_bytes();
  std::byte* begin = memory.data() - reinterpret_cast<uintptr_t>(memory.data()) % page;
  const uint64_t bytes = align_up(static_cast<uint64_t>(memory.data() + memory.size() - begin), page);
  // In steps that become smaller where the limit comes near.
  for (uint64_t step = uint64_t{64} << 20; step >= page && out.locked < bytes;) {
    const uint64_t now = std::min(step, bytes - out.locked);
    if (::mlock(begin + out.locked, now) == 0) {
      out.locked += now;
    } else {
      ::munlock(begin + out.locked, now);  // it may have marked the pages and then failed to get them
      step /= 4;
    }
  }
  out.touched = bytes - out.locked;
  if (out.touched > 0) touch(begin + out.locked, out.touched, page);
  return out;
}

uint64_t give_back(std::span<std::byte> memory) {
  const uint64_t page = page_bytes();
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  const uintptr_t begin = align_up(address, page), end = (address + memory.size()) / page * page;
  if (begin >= end) return 0;
  ::munlock(reinterpret_cast<void*>(begin), end - begin);
#ifdef __linux__
  if (::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED) == 0) return end - begin;
#else
  // Elsewhere the advice may be ignored; a fresh mapping in place of the old one may not.
  void* fresh = ::mmap(reinterpret_cast<void*>(begin), end - begin, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (fresh != MAP_FAILED) return end - begin;
#endif
  return 0;
}

}  // namespace sluice
