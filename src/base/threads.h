// A fixed pool of compute threads for short parallel regions (microseconds), the caller being one of them.
//
// Not thread-safe: one owner calls it. A region allocates nothing and takes no lock: workers spin briefly for the next
// region, then sleep on a futex. Work is handed out in contiguous ranges by an atomic counter, so results must not
// depend on which thread takes which range, and ranges are multiples of the grain so that kernels see the same tails.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace sluice {

class ThreadPool {
 public:
  // `threads` in all, at least 1.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls fn(begin, end, thread) for disjoint ranges that cover [0, n); every begin is a multiple of `grain`.
  // `thread` is in [0, size()). Returns when all are done.
  template <class F>
  void ranges(int64_t n, int64_t grain, const F& fn) {
    if (n <= 0) return;
    if (workers_.empty() || n <= grain) {
      fn(int64_t{0}, n, 0);
      return;
    }
    run(n, grain, [](const void* f, int64_t b, int64_t e, int t) { (*static_cast<const F*>(f))(b, e, t); }, &fn);
  }

  // Calls fn(i, thread) for every i in [0, n).
  template <class F>
  void each(int64_t n, const F& fn) {
    ranges(n, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t i = begin; i < end; ++i) fn(i, thread);
    });
  }

 private:
  using Body = void (*)(const void* fn, int64_t begin, int64_t end, int thread);
  void run(int64_t n, int64_t grain, Body body, const void* fn);
  void take_ranges(int thread);
  void work(int thread);

  std::vector<std::thread> workers_;
  Body body_ = nullptr;
  const void* fn_ = nullptr;
  int64_t n_ = 0;
  int64_t step_ = 1;
  alignas(64) std::atomic<int64_t> next_{0};
  alignas(64) std::atomic<uint32_t> epoch_{0};
  alignas(64) std::atomic<int32_t> busy_{0};
  std::atomic<bool> stop_{false};
};

}  // namespace sluice
