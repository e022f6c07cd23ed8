// A fixed pool of compute threads for short parallel regions (microseconds), the caller being one of them.
//
// Not thread-safe: one owner calls it. A region allocates nothing and takes no lock: workers spin briefly for the next
// region, then sleep on a futex. Work is handed out in contiguous pieces by an atomic ticket; the caller waits for pieces,
// not for workers, so a worker that the system keeps from running costs nothing but its help. Results must not depend
// on which thread takes which piece, and pieces are multiples of the grain so that kernels see the same tails.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace sluice {

class ThreadPool {
 public:
  // `threads` in all, at least 1; fewer where the system refuses to start one (size() tells).
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
  void take_pieces(uint32_t epoch, int thread);
  void work(int thread);

  std::vector<std::thread> workers_;
  // The region, written before its ticket is published; stable until all of its pieces are done.
  Body body_ = nullptr;
  const void* fn_ = nullptr;
  int64_t n_ = 0;
  int64_t step_ = 1;
  // epoch << 32 | pieces << 16 | next piece. One word, so that a late worker cannot take a piece of one region for
  // another's.
  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<uint32_t> epoch_{0};  // what sleeping workers wait on
  alignas(64) std::atomic<uint32_t> done_{0};   // pieces of the region
  std::atomic<bool> stop_{false};
};

}  // namespace sluice
