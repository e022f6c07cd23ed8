#include "base/pressure.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/machine.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// A made-up machine of 800 MiB that is free.
class PressureTest : public ::testing::Test {
 protected:
  void SetUp() override { put("proc/meminfo", "MemTotal: 9999999 kB\nMemFree: 1 kB\nMemAvailable:   819200 kB\n"); }

  void put(const std::string& path, const std::string& text) {
    const std::filesystem::path full = dir_ / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  PressureMeter::Places places() const { return {dir_ / "proc", dir_ / "cg"}; }

  testing::TempFolder dir_;
};

TEST_F(PressureTest, AMachineWithoutCgroupsOrStalls) {
  PressureMeter meter(places());
  EXPECT_EQ(meter.sample().available, 800 * kMiB);
  EXPECT_EQ(meter.sample().stalled, -1);
  put("proc/meminfo", "MemAvailable: 1024 kB\n");
  EXPECT_EQ(meter.sample().available, kMiB);
}

TEST_F(PressureTest, VersionTwoCountsTheTightestFolderAbove) {
  put("proc/self/cgroup", "0::/outer/inner\n");
  put("cg/outer/inner/memory.max", "max\n");
  put("cg/outer/inner/memory.current", "999\n");
  put("cg/outer/inner/memory.pressure", "some avg10=12.34 avg60=1.00 avg300=0.00 total=5\nfull avg10=99.00\n");
  put("cg/outer/memory.max", std::to_string(500 * kMiB));
  put("cg/outer/memory.current", std::to_string(450 * kMiB));
  put("cg/outer/memory.stat", "anon 5\nslab_inactive_file 9\ninactive_file " + std::to_string(100 * kMiB) + "\n");
  put("proc/pressure/memory", "some avg10=50.00 avg60=1.00 avg300=0.00 total=5\n");
  PressureMeter meter(places());
  EXPECT_EQ(meter.sample().available, 150 * kMiB);
  EXPECT_DOUBLE_EQ(meter.sample().stalled, 12.34);
  // A limit that comes later counts.
  put("cg/outer/inner/memory.max", std::to_string(100 * kMiB));
  put("cg/outer/inner/memory.current", std::to_string(90 * kMiB));
  EXPECT_EQ(meter.sample().available, 10 * kMiB);
  put("cg/outer/inner/memory.current", std::to_string(190 * kMiB));
  EXPECT_EQ(meter.sample().available, 0u);
}

TEST_F(PressureTest, VersionOneSaysNoLimitWithAnAbsurdNumber) {
  put("proc/self/cgroup", "9:name=systemd:/\n4:memory:/box\n0::/\n");
  put("proc/pressure/memory", "some avg10=3.00 avg60=1.00 avg300=0.00 total=5\n");
  put("cg/memory/memory.limit_in_bytes", "9223372036854771712\n");
  put("cg/memory/box/memory.limit_in_bytes", std::to_string(200 * kMiB));
  put("cg/memory/box/memory.usage_in_bytes", std::to_string(150 * kMiB));
  put("cg/memory/box/memory.stat", "cache 1\ninactive_file " + std::to_string(20 * kMiB) + "\ntotal_inactive_file 7\n");
  PressureMeter meter(places());
  EXPECT_EQ(meter.sample().available, 70 * kMiB);
  EXPECT_DOUBLE_EQ(meter.sample().stalled, 3);
}

TEST(Pressure, AgreesWithTheMachine) {
  PressureMeter meter;
  double off = 1, allowed = 0;
  MemoryHealth health;
  for (int i = 0; i < 100 && off > allowed; ++i) {  // others use this machine's memory meanwhile
    health = meter.sample();
    const auto there = static_cast<double>(available_memory());
    off = std::abs(static_cast<double>(health.available) - there);
    allowed = 0.2 * there + 200.0 * kMiB;
  }
  EXPECT_LE(off, allowed);
  EXPECT_LE(health.stalled, 100);
}

}  // namespace
}  // namespace sluice
