#include "base/arena.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace sluice {

Arena::Arena(Arena&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Arena::~Arena() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

Result<Arena> Arena::map(uint64_t bytes) {
  constexpr uint64_t kHugePage = uint64_t{2} << 20;
  Arena arena;
  if (bytes == 0) return arena;
  // Over-mapped by one huge page and trimmed, so that the block starts on a huge-page boundary.
  const uint64_t size = align_up(bytes, bytes >= kHugePage ? kHugePage : 4096);
  const uint64_t slack = bytes >= kHugePage ? kHugePage : 0;
  void* base = ::mmap(nullptr, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) {
    return Error{Code::over_budget, fmt::format("cannot map {} bytes of memory: {}", size, strerror(errno))};
  }
  auto address = reinterpret_cast<uintptr_t>(base);
  if (slack != 0) {
    const uintptr_t aligned = align_up(address, kHugePage);
    if (aligned > address) ::munmap(base, aligned - address);
    const uintptr_t tail = address + slack - aligned;
    if (tail > 0) ::munmap(reinterpret_cast<void*>(aligned + size), tail);
    address = aligned;
#ifdef MADV_HUGEPAGE
    ::madvise(reinterpret_cast<void*>(address), size, MADV_HUGEPAGE);  // a wish: small pages work too
#endif
  }
  arena.data_ = reinterpret_cast<std::byte*>(address);
  arena.size_ = size;
  return arena;
}

}  // namespace sluice
