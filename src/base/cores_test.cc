#include "base/cores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace sluice {
namespace {

TEST(Cores, OneOfEachPhysicalCoreComesFirst) {
  const std::vector<int32_t> cpus{0, 1, 2, 3, 8, 9};
  const auto neighbours = [](int32_t cpu) { return std::to_string(cpu / 2); };
  EXPECT_EQ(distinct_first(cpus, neighbours), (std::vector<int32_t>{0, 2, 8, 1, 3, 9}));
  const auto halves = [](int32_t cpu) { return std::to_string(cpu % 4); };
  EXPECT_EQ(distinct_first(cpus, halves), (std::vector<int32_t>{0, 1, 2, 3, 8, 9}));
}

TEST(Cores, ThisMachineNamesItsCores) {
  const std::vector<int32_t> cpus = allowed_cpus();
  std::vector<int32_t> ordered = distinct_first(cpus, core_of);
  std::sort(ordered.begin(), ordered.end());
  EXPECT_EQ(ordered, cpus);
}

TEST(Cores, AThreadIsKeptWhereItIsTold) {
  const std::vector<int32_t> cpus = allowed_cpus();
  if (cpus.empty()) GTEST_SKIP() << "this system keeps no threads on processors";
  std::thread([&] {
    EXPECT_TRUE(keep_on({&cpus.back(), 1}));
    EXPECT_EQ(allowed_cpus(), std::vector<int32_t>{cpus.back()});
    const std::vector<int32_t> nowhere{-1};
    EXPECT_FALSE(keep_on(nowhere));
    EXPECT_FALSE(keep_on({}));
  }).join();
  EXPECT_EQ(allowed_cpus(), cpus);
}

}  // namespace
}  // namespace sluice
