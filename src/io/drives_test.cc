#include "io/drives.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "io/test_file.h"

namespace sluice::io {
namespace {

constexpr uint64_t kMB = 1'000'000;

// Drives that serve their reads one after the other, in simulated time. Each file lies on the drive of its number.
class Bench {
 public:
  explicit Bench(std::vector<double> rates) : rates_(std::move(rates)), queues_(rates_.size()), moved_(rates_.size()) {}

  void read(Drives& drives, const std::vector<int32_t>& copies, uint64_t bytes) {
    const int32_t file = drives.pick(copies, bytes, now_);
    const auto at = static_cast<size_t>(file);
    const double start = queues_[at].empty() ? now_ : queues_[at].back().end;
    queues_[at].push_back({start + static_cast<double>(bytes) / rates_[at], bytes});
  }

  // The next read to end, on whatever drive.
  void finish_one(Drives& drives) {
    size_t next = rates_.size();
    for (size_t d = 0; d < rates_.size(); ++d) {
      if (queues_[d].empty()) continue;
      if (next == rates_.size() || queues_[d].front().end < queues_[next].front().end) next = d;
    }
    ASSERT_LT(next, rates_.size());
    const Read read = queues_[next].front();
    queues_[next].pop_front();
    now_ = read.end;
    moved_[next] += read.bytes;
    drives.done(static_cast<int32_t>(next), read.bytes, now_);
  }

  size_t outstanding() const {
    size_t n = 0;
    for (const auto& queue : queues_) n += queue.size();
    return n;
  }
  double share(size_t drive) const {
    uint64_t all = 0;
    for (const uint64_t bytes : moved_) all += bytes;
    return static_cast<double>(moved_[drive]) / static_cast<double>(all);
  }
  void forget() { std::fill(moved_.begin(), moved_.end(), 0); }

  std::vector<double> rates_;  // bytes a second

 private:
  struct Read {
    double end;
    uint64_t bytes;
  };

  std::vector<std::deque<Read>> queues_;
  std::vector<uint64_t> moved_;
  double now_ = 5;
};

// `reads` reads of either copy, `together` of them at once, as a layer's misses are.
void run(Bench& bench, Drives& drives, int reads, size_t together, uint64_t bytes) {
  for (int i = 0; i < reads; ++i) {
    while (bench.outstanding() < together) bench.read(drives, {0, 1}, bytes);
    bench.finish_one(drives);
  }
}

TEST(Drives, FilesOfOneDeviceShareADrive) {
  const std::vector<FilePlace> files = {{7}, {9, 2e9}, {7, 5e9}, {0}};
  const Drives drives(files);
  EXPECT_EQ(drives.count(), 3);
  EXPECT_EQ(drives.drive_of(0), 0);
  EXPECT_EQ(drives.drive_of(1), 1);
  EXPECT_EQ(drives.drive_of(2), 0);
  EXPECT_EQ(drives.drive_of(3), 2);
  EXPECT_EQ(drives.rate(0), 5e9);
  EXPECT_EQ(drives.rate(2), 5e9);  // not known: as the fastest
}

TEST(Drives, AFileKnowsItsDevice) {
  const TestFile a(10), b(10);
  const File first = File::open(a.path()).value(), second = File::open(b.path()).value();
  EXPECT_NE(device_of(first), 0u);
  EXPECT_EQ(device_of(first), device_of(second));
  EXPECT_EQ(device_of(File::unopened("none", 1)), 0u);
}

TEST(Drives, BytesFollowTheRatesThatWereLearned) {
  for (const std::vector<double>& rates : {std::vector{1e9, 3e9}, {3e9, 1e9}, {2e9, 2e9}, {1e9, 9e9}}) {
    for (const size_t together : {12u, 32u}) {
      Bench bench(rates);
      Drives drives(std::vector<FilePlace>{{1}, {2}});
      run(bench, drives, 500, together, 2 * kMB);
      bench.forget();
      run(bench, drives, 3000, together, 2 * kMB);
      EXPECT_NEAR(bench.share(0), rates[0] / (rates[0] + rates[1]), 0.04) << rates[0] << " " << together;
      EXPECT_NEAR(drives.rate(0) / rates[0], 1, 0.1);
      EXPECT_NEAR(drives.rate(1) / rates[1], 1, 0.1);
    }
  }
}

TEST(Drives, GivenFiguresCountFromTheFirstRead) {
  Drives drives(std::vector<FilePlace>{{1, 1e9}, {2, 3e9}});
  std::vector<int32_t> picked;
  for (int i = 0; i < 8; ++i) picked.push_back(drives.pick(std::vector<int32_t>{0, 1}, kMB, 0));
  EXPECT_EQ(std::count(picked.begin(), picked.end(), 0), 2);
  EXPECT_EQ(picked.front(), 1);
  EXPECT_EQ(drives.outstanding(0), 2 * kMB);
}

TEST(Drives, ADriveThatBecomesSlowLosesItsShareAndOneThatRecoversGetsItBack) {
  Bench bench({2e9, 2e9});
  Drives drives(std::vector<FilePlace>{{1}, {2}});
  run(bench, drives, 500, 8, 2 * kMB);
  bench.rates_[0] = 0.05e9;
  run(bench, drives, 1000, 8, 2 * kMB);
  bench.forget();
  run(bench, drives, 70'000, 8, 2 * kMB);
  EXPECT_LT(bench.share(0), 0.06);
  EXPECT_GT(bench.share(0), 0);  // looked at now and then
  bench.rates_[0] = 2e9;
  run(bench, drives, 70'000, 8, 2 * kMB);
  bench.forget();
  run(bench, drives, 3000, 8, 2 * kMB);
  EXPECT_NEAR(bench.share(0), 0.5, 0.05);
}

TEST(Drives, OneReadAtATimeGoesToTheFasterDrive) {
  Bench bench({1e9, 3e9});
  Drives drives(std::vector<FilePlace>{{1}, {2}});
  run(bench, drives, 200, 1, 10 * kMB);
  bench.forget();
  run(bench, drives, 4000, 1, 10 * kMB);
  EXPECT_LT(bench.share(0), 0.01);
}

TEST(Drives, OfOneCopyThereIsNoChoiceAndItsLoadCounts) {
  Drives drives(std::vector<FilePlace>{{1}, {2}});
  const std::vector<int32_t> only = {0}, both = {0, 1};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(drives.pick(only, kMB, 0), 0);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(drives.pick(both, kMB, 0), 1);
  EXPECT_EQ(drives.pick(both, kMB, 0), 0);
}

// Reads of drive 0 fail; every request is served nonetheless, with few reads wasted.
TEST(Drives, ADriveThatFailsIsAvoidedAndNothingIsLost) {
  Drives drives(std::vector<FilePlace>{{1, 9e9}, {2, 1e9}});
  const std::vector<int32_t> both = {0, 1};
  double now = 0;
  int wasted = 0;
  for (int i = 0; i < 5000; ++i) {
    bool served = false;
    for (size_t tries = 0; tries < both.size() && !served; ++tries) {
      const int32_t file = drives.pick(both, kMB, now);
      now += 0.001;
      served = file == 1;
      wasted += served ? 0 : 1;
      drives.done(file, kMB, now, served);
    }
    ASSERT_TRUE(served) << i;
  }
  EXPECT_GE(wasted, 2);
  EXPECT_LE(wasted, 12);
  EXPECT_EQ(drives.outstanding(0), 0u);
  EXPECT_EQ(drives.outstanding(1), 0u);
}

TEST(Drives, WhereAllFailEachIsTriedInItsTurn) {
  Drives drives(std::vector<FilePlace>{{1}, {2}, {3}});
  const std::vector<int32_t> all = {0, 1, 2};
  for (int round = 0; round < 20; ++round) {
    std::vector<int32_t> tried;
    for (int i = 0; i < 3; ++i) {
      tried.push_back(drives.pick(all, kMB, round));
      drives.done(tried.back(), kMB, round, false);
    }
    std::sort(tried.begin(), tried.end());
    ASSERT_EQ(tried, all) << round;
  }
}

TEST(Drives, TheSameCallsGiveTheSamePicks) {
  std::vector<int32_t> first;
  for (int round = 0; round < 2; ++round) {
    Drives drives(std::vector<FilePlace>{{1}, {2}, {1}});
    std::mt19937 random(3);
    std::vector<int32_t> picks, open;
    double now = 0;
    for (int i = 0; i < 5000; ++i) {
      now += static_cast<double>(random() % 1000) * 1e-5;
      if (open.size() > random() % 12) {
        drives.done(open.back(), kMB, now, random() % 10 != 0);
        open.pop_back();
      }
      picks.push_back(drives.pick(std::vector<int32_t>{0, 1, 2}, kMB, now));
      open.push_back(picks.back());
    }
    if (round == 0) first = picks;
    EXPECT_EQ(picks, first);
  }
}

}  // namespace
}  // namespace sluice::io
