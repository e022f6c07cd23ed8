// Work of unequal cost on one line, so that equal stretches of the line cost the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace sluice {

// `n` things of one kind, a matrix's rows say, handed out in multiples of `grain`.
struct Job {
  int64_t n;
  int64_t grain;
  int64_t cost;  // of one, in any unit common to the jobs: bytes read, say; at least 1
};

inline int64_t cost_of(std::span<const Job> jobs) {
  int64_t cost = 0;
  for (const Job& job : jobs) cost += job.n * job.cost;
  return cost;
}

// A range of costs as ranges of the jobs: fn(job, begin, end, thread).
template <class F>
struct JobRanges {
  std::span<const Job> jobs;
  F fn;

  void operator()(int64_t begin, int64_t end, int thread) const {
    int64_t start = 0;
    for (size_t j = 0; j < jobs.size() && start < end; ++j) {
      const Job& job = jobs[j];
      const int64_t first = at(job, begin - start), last = at(job, end - start);
      if (first < last) fn(j, first, last, thread);
      start += job.n * job.cost;
    }
  }

 private:
  // How many of the job's things lie before a cost: rounded down to the grain, so that neighbours meet.
  static int64_t at(const Job& job, int64_t cost) {
    if (cost <= 0) return 0;
    const int64_t things = cost / job.cost;
    return things >= job.n ? job.n : things / job.grain * job.grain;
  }
};

}  // namespace sluice
