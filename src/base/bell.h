// Sleep until another thread has made a condition hold. While nobody sleeps, ringing costs one load and no system call.
//
// Who makes the condition hold does so by a sequentially consistent store and then rings; whoever sleeps counts itself
// first and then looks at the condition by a sequentially consistent load: one of the two sees the other.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

class Bell {
 public:
  // Returns once holds() is true. Spurious rings are allowed.
  template <class Condition>
  void sleep_until(const Condition& holds) {
    sleepers_.fetch_add(1, std::memory_order_seq_cst);
    for (;;) {
      const uint32_t rings = rings_.load(std::memory_order_seq_cst);
      if (holds()) break;
      rings_.wait(rings, std::memory_order_relaxed);
    }
    sleepers_.fetch_sub(1, std::memory_order_relaxed);
  }

  // Wakes about `most` sleepers, or all of them if there are no more. Those that were going to sleep look again.
  void ring(int32_t most) {
    const int32_t sleepers = sleepers_.load(std::memory_order_seq_cst);
    if (sleepers == 0) return;
    rings_.fetch_add(1, std::memory_order_seq_cst);
    if (most >= sleepers) return rings_.notify_all();
    for (int32_t i = 0; i < most; ++i) rings_.notify_one();
  }

 private:
  std::atomic<uint32_t> rings_{0};
  std::atomic<int32_t> sleepers_{0};
};

}  // namespace sluice
