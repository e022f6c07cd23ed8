#include "base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "base/cores.h"

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

TEST(ThreadPool, OthersTakeWhatASlowThreadLeaves) {
  ThreadPool pool(4);
  std::atomic<int> others{0}, all{0};
  const auto given_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  // The slow one is done with its first when the others have more than their three shares of 16.
  pool.each(64, [&](int64_t, int thread) {
    if (thread != 0) others.fetch_add(1);
    while (thread == 0 && others.load() <= 48 && std::chrono::steady_clock::now() < given_up) std::this_thread::yield();
    all.fetch_add(1);
  });
  EXPECT_EQ(all.load(), 64);
  EXPECT_GT(others.load(), 48);
}

TEST(ThreadPool, PhasesSeeAllThatEarlierOnesWrote) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
      const auto n = static_cast<int64_t>(random() % 300);
      std::vector<int64_t> first(300, -1), third(300, -1);
      int64_t sum = 0;
      pool.phases(phase(n, 4,
                        [&](int64_t begin, int64_t end, int) {
                          for (int64_t i = begin; i < end; ++i) first[static_cast<size_t>(i)] = i;
                        }),
                  phase(1, 1,
                        [&](int64_t, int64_t, int) {
                          for (int64_t i = 0; i < n; ++i) sum += first[static_cast<size_t>(i)];
                        }),
                  phase(0, 1, [&](int64_t, int64_t, int) { ADD_FAILURE() << "of nothing"; }),
                  phase(n, 1, [&](int64_t begin, int64_t end, int) {
                    for (int64_t i = begin; i < end; ++i) third[static_cast<size_t>(i)] = sum + i;
                  }));
      ASSERT_EQ(sum, n * (n - 1) / 2);
      for (int64_t i = 0; i < n; ++i) ASSERT_EQ(third[static_cast<size_t>(i)], sum + i) << i;
    }
  }
}

TEST(ThreadPool, JobsAreCoveredOnceInMultiplesOfTheirGrains) {
  std::mt19937 random(2);
  ThreadPool pool(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<Job> jobs;
    for (size_t j = 0; j < 1 + random() % 6; ++j) {
      jobs.push_back({static_cast<int64_t>(random() % 500), int64_t{1} << random() % 5, 1 + static_cast<int64_t>(random() % 3000)});
    }
    std::vector<std::vector<int>> seen;
    for (const Job& job : jobs) seen.emplace_back(static_cast<size_t>(job.n), 0);
    const auto mark = [&](size_t job, int64_t begin, int64_t end, int) {
      EXPECT_EQ(begin % jobs[job].grain, 0);
      for (int64_t i = begin; i < end; ++i) ++seen[job][static_cast<size_t>(i)];
    };
    pool.jobs(jobs, 5000, mark);
    pool.phases(phase(std::span<const Job>(jobs), 777, mark));
    for (const auto& job : seen) {
      for (const int times : job) ASSERT_EQ(times, 2);
    }
  }
}

TEST(ThreadPool, JobsOfEqualCostAreSplitEvenly) {
  const std::vector<Job> jobs{{1000, 1, 30}, {10, 1, 3000}};
  std::vector<int64_t> costs(60, 0);
  const JobRanges ranges{std::span<const Job>(jobs), [&](size_t job, int64_t begin, int64_t end, int piece) {
                           costs[static_cast<size_t>(piece)] += (end - begin) * jobs[job].cost;
                         }};
  for (int piece = 0; piece < 6; ++piece) ranges(piece * 10000, (piece + 1) * 10000, piece);
  for (size_t piece = 0; piece < 6; ++piece) EXPECT_NEAR(static_cast<double>(costs[piece]), 10000, 3000) << piece;
}

// Sizes, gaps long enough for sleep, phases and busy neighbours in no order; more threads than cores.
TEST(ThreadPool, Stress) {
  std::atomic<bool> stop{false};
  std::thread neighbour([&] {
    while (!stop.load()) std::this_thread::yield();
  });
  std::mt19937 random(3);
  for (const int threads : {2, 3, 16}) {
    ThreadPool pool(threads);
    std::vector<int64_t> sums(10000, 0);
    int64_t expected = 0;
    for (int round = 0; round < 1500; ++round) {
      const auto n = static_cast<int64_t>(random() % (round % 7 == 0 ? 10000 : 40)), grain = static_cast<int64_t>(1 + random() % 9);
      const auto add = [&](int64_t begin, int64_t end, int) {
        for (int64_t i = begin; i < end; ++i) ++sums[static_cast<size_t>(i)];
      };
      if (round % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (round % 3 == 0) {
        pool.phases(phase(n, grain, add), phase(n, 1, add), phase(n, grain, add));
        expected += 3 * n;
      } else {
        pool.ranges(n, grain, add);
        expected += n;
      }
    }
    EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), int64_t{0}), expected);
  }
  stop.store(true);
  neighbour.join();
}

// A worker that comes late to the last region meets the end of the pool, which must not look like work to it: as many units as
// that word tells of, so that any of them would be counted.
TEST(ThreadPool, EndsWhileWorkersAreStillLate) {
  for (int round = 0; round < 1000; ++round) {
    std::atomic<int64_t> sum{0};
    {
      ThreadPool pool(12);
      const auto add = [&](int64_t begin, int64_t end, int) { sum.fetch_add(end - begin); };
      pool.ranges(4095, 1, add);
    }
    ASSERT_EQ(sum.load(), 4095);
  }
}

TEST(ThreadPool, PinnedThreadsStayWhereTheyAreTold) {
  const std::vector<int32_t> before = allowed_cpus();
  if (before.size() < 2) GTEST_SKIP() << "needs two processors that threads may be kept on";
  const std::vector<int32_t> cores{before[1], before[0]};
  {
    ThreadPool pool(2, cores);
    std::array<std::vector<int32_t>, 2> seen;
    for (int round = 0; round < 1000 && (seen[0].empty() || seen[1].empty()); ++round) {
      pool.each(2, [&](int64_t, int thread) {
        seen[static_cast<size_t>(thread)] = allowed_cpus();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      });
    }
    EXPECT_EQ(seen[0], std::vector<int32_t>{before[1]});
    EXPECT_EQ(seen[1], std::vector<int32_t>{before[0]});
  }
  EXPECT_EQ(allowed_cpus(), before);
}

}  // namespace
}  // namespace sluice
