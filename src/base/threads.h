// A fixed pool of compute threads for short parallel regions (microseconds), the caller being one of them.
//
// Not thread-safe: one owner calls it. A region allocates nothing and takes no lock: workers spin briefly for the next
// region, then sleep. Work is cut into contiguous pieces; every thread has a share of neighbouring ones, the same in every
// region of the same size, and who is done takes pieces off the ends of others' shares. The caller waits for pieces, not
// for workers, so a worker that the system keeps from running costs nothing but its help. Results must not depend on
// which thread takes which piece, and pieces are multiples of the grain so that kernels see the same tails.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/bell.h"
#include "base/jobs.h"

namespace sluice {

// One of several parts of a region: calls fn(begin, end, thread) as ThreadPool::ranges does.
template <class F>
struct Phase {
  int64_t n, grain;
  F fn;
};
template <class F>
Phase<F> phase(int64_t n, int64_t grain, const F& fn) {
  return {n, grain, fn};
}
// The same as a phase for ThreadPool::jobs. `jobs` must outlive the region.
template <class F>
Phase<JobRanges<F>> phase(std::span<const Job> jobs, int64_t least, const F& fn) {
  return {cost_of(jobs), least, {jobs, fn}};
}

class ThreadPool {
 public:
  static constexpr size_t kMostPhases = 8;

  // `threads` in all, 1 to 1024; fewer where the system refuses to start one (size() tells). `cores`: empty, or as many as
  // threads; thread t then runs on cores[t] only, the calling thread, 0, until the pool is gone (base/cores.h).
  explicit ThreadPool(int threads, std::span<const int32_t> cores = {});
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
    const Work work{call<F>, &fn, n, grain};
    run({&work, 1});
  }

  // Calls fn(i, thread) for every i in [0, n).
  template <class F>
  void each(int64_t n, const F& fn) {
    ranges(n, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t i = begin; i < end; ++i) fn(i, thread);
    });
  }

  // Calls fn(job, begin, end, thread) for disjoint ranges that cover every job's [0, n); every begin is a multiple of the
  // job's grain. Threads get equal costs, not equal numbers; no piece costs less than about `least`.
  template <class F>
  void jobs(std::span<const Job> jobs, int64_t least, const F& fn) {
    ranges(cost_of(jobs), least, JobRanges<F>{jobs, fn});
  }

  // Several regions one after the other, each seeing all that those before it wrote, for one wake-up: whoever ends a phase
  // starts the next, and nobody goes back to the caller in between.
  template <class... F>
  void phases(const Phase<F>&... phases) {
    static_assert(sizeof...(F) <= kMostPhases);
    const std::array<Work, sizeof...(F)> works{Work{call<F>, &phases.fn, phases.n, phases.grain}...};
    run(works);
  }

 private:
  using Body = void (*)(const void* fn, int64_t begin, int64_t end, int thread);
  struct Work {
    Body body;
    const void* fn;
    int64_t n, grain;
  };
  // What threads look at of it: the phase of a region.
  struct Part {
    Body body = nullptr;
    const void* fn = nullptr;
    int64_t n = 0;
    int64_t unit = 1;   // a multiple of the grain, such that there are at most 4095
    int64_t units = 0;  // the last may be short
    int64_t until = 0;  // what done_ is at this part's end
    bool last = true;
  };
  struct Units {
    int64_t begin, end;
  };
  // What is left of one thread's share: epoch << 24 | end << 12 | next, in units. One word, so that a late thread cannot
  // take a piece of one part for another's; of an earlier epoch, the share has not been touched.
  struct alignas(64) Share {
    std::atomic<uint64_t> word{0};
  };

  template <class F>
  static void call(const void* fn, int64_t begin, int64_t end, int thread) {
    (*static_cast<const F*>(fn))(begin, end, thread);
  }

  void run(std::span<const Work> works);
  void start(uint64_t word);
  void help(uint64_t word, int thread);
  bool take(int owner, bool own, uint64_t word, Units& units);
  void report(int64_t units, uint64_t word);
  void work(int thread);

  std::vector<std::thread> workers_;
  std::unique_ptr<Share[]> shares_;
  std::vector<int32_t> callers_cpus_;  // where the caller might run before it was pinned; empty: it is not
  bool spins_ = true;                  // before sleeping

  // What runs: epoch << 24 | part << 12 | units, stored last. The parts are stable until all of their units are done. The
  // word and the first part share a cache line, so that a region starts by one line going round.
  alignas(64) std::atomic<uint64_t> word_{0};
  std::array<Part, kMostPhases> parts_;
  alignas(64) std::atomic<int64_t> done_{0};  // units, since the pool was made
  alignas(64) Bell workers_bell_;
  Bell callers_bell_;
  std::atomic<bool> stop_{false};
};

}  // namespace sluice
