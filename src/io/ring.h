// A first-in first-out queue of fixed capacity. Not thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "base/check.h"

namespace sluice::io {

template <class T>
class Ring {
 public:
  // REQUIRES: capacity > 0.
  explicit Ring(size_t capacity) : items_(capacity) { SLUICE_CHECK(capacity > 0); }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // REQUIRES: size() < capacity.
  void push(const T& item) {
    SLUICE_CHECK(size_ < items_.size());
    items_[(first_ + size_) % items_.size()] = item;
    ++size_;
  }

  // The next that pop takes. REQUIRES: !empty().
  const T& front() const {
    SLUICE_CHECK(size_ > 0);
    return items_[first_];
  }

  // REQUIRES: !empty().
  T pop() {
    SLUICE_CHECK(size_ > 0);
    const size_t at = first_;
    first_ = (first_ + 1) % items_.size();
    --size_;
    return items_[at];
  }

 private:
  std::vector<T> items_;
  size_t first_ = 0;
  size_t size_ = 0;
};

}  // namespace sluice::io
