// A block of anonymous memory: page-aligned, zeroed, in 2 MB pages where the system grants them, touched only when used.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sluice/status.h"

namespace sluice {

class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  ~Arena();

  // Errors: over_budget when the system refuses the mapping.
  static Result<Arena> map(uint64_t bytes);

  std::byte* data() const { return data_; }
  uint64_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  uint64_t size_ = 0;
};

constexpr uint64_t align_up(uint64_t n, uint64_t alignment) { return (n + alignment - 1) / alignment * alignment; }

}  // namespace sluice
