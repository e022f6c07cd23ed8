#include "base/threads.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sluice {
namespace {

TEST(ThreadPool, CoversEveryIndexOnceInMultiplesOfTheGrain) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (int64_t n : {0, 1, 15, 16, 17, 1000, 4097}) {
      std::vector<int> seen(static_cast<size_t>(n), 0);
      pool.ranges(n, 16, [&](int64_t begin, int64_t end, int thread) {
        EXPECT_EQ(begin % 16, 0);
        EXPECT_GE(thread, 0);
        EXPECT_LT(thread, threads);
        for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
      });
      EXPECT_EQ(std::accumulate(seen.begin(), seen.end(), int64_t{0}), n);
      for (int s : seen) EXPECT_EQ(s, 1);
    }
  }
}

TEST(ThreadPool, ManySmallRegionsSeeEachOthersWrites) {
  ThreadPool pool(4);
  std::vector<int64_t> values(64, 0);
  for (int64_t round = 0; round < 20000; ++round) {
    pool.each(64, [&](int64_t i, int) { values[static_cast<size_t>(i)] += 1; });
  }
  for (int64_t v : values) EXPECT_EQ(v, 20000);
}

TEST(ThreadPool, WakesSleepingWorkers) {
  ThreadPool pool(2);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // long enough for workers to leave the spin
    std::atomic<int> sum{0};
    pool.each(100, [&](int64_t, int) { sum.fetch_add(1); });
    EXPECT_EQ(sum.load(), 100);
  }
}

}  // namespace
}  // namespace sluice
