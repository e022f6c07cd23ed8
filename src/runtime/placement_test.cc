#include "runtime/placement.h"

#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

using Cpus = std::vector<int32_t>;

TEST(Placement, IoKeepsOffComputeWhereItCan) {
  const Cpus cpus{0, 2, 4, 1, 3, 5};
  const auto some = place_threads("on", 4, cpus);
  ASSERT_TRUE(some.ok());
  EXPECT_EQ(some->compute, (Cpus{0, 2, 4, 1}));
  EXPECT_EQ(some->io, (Cpus{3, 5}));
  const auto all = place_threads("on", 6, cpus);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->compute, cpus);
  EXPECT_EQ(all->io, cpus);
}

TEST(Placement, OffKeepsNothingAnywhere) {
  const auto off = place_threads("off", 1, Cpus{0, 1});
  ASSERT_TRUE(off.ok());
  EXPECT_TRUE(off->compute.empty());
  EXPECT_TRUE(off->io.empty());
}

TEST(Placement, AutoNeverFails) {
  for (const Cpus& cpus : {Cpus{}, Cpus{0}, Cpus{0, 1, 2, 3}}) {
    const auto placed = place_threads("auto", 3, cpus);
    ASSERT_TRUE(placed.ok());
    EXPECT_TRUE(placed->compute.empty() || placed->compute.size() == 3);
  }
}

TEST(Placement, RefusesWhatItCannotDo) {
  const auto few = place_threads("on", 3, Cpus{0, 1});
  ASSERT_FALSE(few.ok());
  EXPECT_EQ(few.error().code, Code::unsupported);
  EXPECT_EQ(few.error().message, "--pin on: 3 threads, but this process may use only 2 processors");
  EXPECT_EQ(place_threads("on", 1, Cpus{}).error().code, Code::unsupported);
  EXPECT_EQ(place_threads("maybe", 1, Cpus{0}).error().code, Code::invalid);
}

}  // namespace
}  // namespace sluice::runtime
