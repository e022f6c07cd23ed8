#include "base/machine.h"

#include <gtest/gtest.h>

#include "base/ram_rate.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

TEST(Machine, FiguresAgreeWithEachOther) {
  EXPECT_GE(cpu_count(), 1);
  EXPECT_GT(available_memory(), 0u);
  EXPECT_GE(physical_memory(), available_memory());
  EXPECT_GE(cgroup_memory(), available_memory() < physical_memory() ? 1u : 0u);
  EXPECT_GT(lockable_memory(), 0u);
  EXPECT_LE(peak_rss(), physical_memory());
}

TEST(Machine, ACgroupsShareOfTimeIsCountedInCores) {
  const testing::TempFolder folder;
  const auto write = [&](const char* name, const char* text) { folder.file(name, text); };
  EXPECT_EQ(cgroup_cores(folder.path(), true), kNoLimit);
  EXPECT_EQ(cgroup_cores(folder.path(), false), kNoLimit);
  write("cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cores(folder.path(), true), kNoLimit);
  write("cpu.max", "250000 100000\n");
  EXPECT_EQ(cgroup_cores(folder.path(), true), 3u);
  write("cpu.cfs_period_us", "50000\n");
  write("cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cgroup_cores(folder.path(), false), kNoLimit);
  write("cpu.cfs_quota_us", "10000\n");
  EXPECT_EQ(cgroup_cores(folder.path(), false), 1u);
}

TEST(RamRate, IsSane) {
  const auto rate = measure_ram(2, 64 << 20, 0.05);
  ASSERT_TRUE(rate.ok()) << rate.error().message;
  EXPECT_GT(rate->gb_s, 0);
  EXPECT_LT(rate->gb_s, 5000);
  EXPECT_EQ(rate->bytes, 64u << 20);
  EXPECT_LE(rate->huge_bytes, rate->bytes);
  EXPECT_EQ(measure_ram(1, uint64_t{1} << 60, 0.01).error().code, Code::over_budget);
}

}  // namespace
}  // namespace sluice
