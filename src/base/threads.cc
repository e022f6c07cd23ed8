#include "base/threads.h"

#include <algorithm>
#include <system_error>

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
  for (int t = 1; t < threads; ++t) {
    try {
      workers_.emplace_back([this, t] { work(t); });
    } catch (const std::system_error&) {
      break;  // those that started are enough to work with
    }
  }
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  for (std::thread& w : workers_) w.join();
}

void ThreadPool::run(int64_t n, int64_t grain, Body body, const void* fn) {
  // About four pieces a thread: enough to even out cores of unequal speed, few enough to keep the ticket cold.
  const int64_t most = std::min<int64_t>(int64_t{4} * size(), UINT16_MAX);
  body_ = body;
  fn_ = fn;
  n_ = n;
  step_ = std::max<int64_t>((n / most + grain - 1) / grain, 1) * grain;
  auto pieces = static_cast<uint64_t>((n + step_ - 1) / step_);
  if (pieces > UINT16_MAX) {
    step_ = (n / UINT16_MAX / grain + 1) * grain;
    pieces = static_cast<uint64_t>((n + step_ - 1) / step_);
  }
  const uint32_t epoch = epoch_.load(std::memory_order_relaxed) + 1;
  done_.store(0, std::memory_order_relaxed);
  ticket_.store(uint64_t{epoch} << 32 | pieces << 16, std::memory_order_release);
  epoch_.store(epoch, std::memory_order_release);
  epoch_.notify_all();
  take_pieces(epoch, 0);
  for (uint32_t done = done_.load(std::memory_order_acquire); done != pieces;
       done = done_.load(std::memory_order_acquire)) {
    await_change(done_, done);
  }
}

void ThreadPool::take_pieces(uint32_t epoch, int thread) {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  for (;;) {
    const uint64_t piece = ticket & UINT16_MAX, pieces = ticket >> 16 & UINT16_MAX;
    if (ticket >> 32 != epoch || piece == pieces) return;
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    const int64_t begin = static_cast<int64_t>(piece) * step_;
    body_(fn_, begin, std::min(begin + step_, n_), thread);
    if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == pieces) done_.notify_one();
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

void ThreadPool::work(int thread) {
  uint32_t seen = 0;
  for (;;) {
    await_change(epoch_, seen);
    if (stop_.load(std::memory_order_relaxed)) return;
    seen = epoch_.load(std::memory_order_acquire);
    take_pieces(seen, thread);
  }
}

}  // namespace sluice
