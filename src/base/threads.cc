#include "base/threads.h"

#include <algorithm>

namespace sluice {
namespace {

// About 20-50 microseconds of spinning: longer than the gap between two regions of a layer, short enough to leave the
// core to the I/O threads while a read is waited for.
constexpr int kSpins = 4000;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns once *value != old.
template <class T>
void await_change(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    relax();
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  workers_.reserve(static_cast<size_t>(std::max(threads - 1, 0)));
  for (int t = 1; t < threads; ++t) workers_.emplace_back([this, t] { work(t); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  for (std::thread& w : workers_) w.join();
}

void ThreadPool::run(int64_t n, int64_t grain, Body body, const void* fn) {
  // About four ranges a thread: enough to even out cores of unequal speed, few enough to keep the counter cold.
  const int64_t pieces = int64_t{4} * size();
  body_ = body;
  fn_ = fn;
  n_ = n;
  step_ = std::max<int64_t>((n / pieces + grain - 1) / grain, 1) * grain;
  next_.store(0, std::memory_order_relaxed);
  busy_.store(static_cast<int32_t>(workers_.size()), std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  take_ranges(0);
  for (int32_t left = busy_.load(std::memory_order_acquire); left != 0; left = busy_.load(std::memory_order_acquire)) {
    await_change(busy_, left);
  }
}

void ThreadPool::take_ranges(int thread) {
  for (;;) {
    const int64_t begin = next_.fetch_add(step_, std::memory_order_relaxed);
    if (begin >= n_) return;
    body_(fn_, begin, std::min(begin + step_, n_), thread);
  }
}

void ThreadPool::work(int thread) {
  uint32_t seen = 0;
  for (;;) {
    await_change(epoch_, seen);
    ++seen;  // every epoch is waited for by all workers, so none can be skipped
    if (stop_.load(std::memory_order_relaxed)) return;
    take_ranges(thread);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

}  // namespace sluice
