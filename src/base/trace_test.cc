#include "base/trace.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice {
namespace {

void record(Trace& trace, int32_t item) {
  trace.record("step", 1, item, TraceTrack::compute, 10 * static_cast<uint64_t>(item),
               10 * static_cast<uint64_t>(item) + 5);
}

TEST(Trace, WithoutCapacityKeepsNothing) {
  Trace trace;
  record(trace, 1);
  EXPECT_FALSE(trace.on());
  EXPECT_EQ(trace.size(), 0u);
  EXPECT_EQ(trace.lost(), 0u);
}

TEST(Trace, KeepsTheLastOnesInOrder) {
  for (int32_t count = 0; count < 14; ++count) {
    Trace trace(4);
    EXPECT_TRUE(trace.on());
    for (int32_t item = 0; item < count; ++item) record(trace, item);
    ASSERT_EQ(trace.size(), static_cast<size_t>(std::min(count, 4))) << count;
    EXPECT_EQ(trace.lost(), static_cast<uint64_t>(std::max(count - 4, 0)));
    for (size_t i = 0; i < trace.size(); ++i) {
      EXPECT_EQ(trace[i].item, std::max(count - 4, 0) + static_cast<int32_t>(i)) << count;
      EXPECT_EQ(trace[i].end_ns - trace[i].begin_ns, 5u);
    }
  }
}

TEST(Trace, ClearStartsOver) {
  Trace trace(2);
  for (int32_t item = 0; item < 5; ++item) record(trace, item);
  trace.clear();
  EXPECT_EQ(trace.size(), 0u);
  record(trace, 7);
  ASSERT_EQ(trace.size(), 1u);
  EXPECT_EQ(trace[0].item, 7);
  EXPECT_EQ(trace.lost(), 0u);
}

TEST(Trace, TheClockGoesForward) {
  const uint64_t before = trace_now();
  EXPECT_LE(before, trace_now());
}

}  // namespace
}  // namespace sluice
