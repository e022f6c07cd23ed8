// rms_norm, swiglu and axpy of every instruction set against the same sums in double precision.
// All arrays end at an unreadable page; sizes include ones below, at and off the vector widths.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "conformance/each_set.h"

namespace sluice::conformance {
namespace {

using kernels::KernelTable;

constexpr size_t kSizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 128, 200, 256, 1000, 2048};

class Operations : public EachSet {};

TEST_P(Operations, RmsNorm) {
  for (const size_t n : kSizes) {
    const GuardedFloats x = random_floats(random_, n, -3, 3), weight = random_floats(random_, n, 0, 2);
    double squares = 0;
    for (size_t i = 0; i < n; ++i) squares += double{x[i]} * double{x[i]};
    const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-6);
    const GuardedFloats y(n), in_place = copy(x);
    table_->rms_norm(x.data(), weight.data(), 1e-6F, static_cast<int64_t>(n), y.data());
    table_->rms_norm(in_place.data(), weight.data(), 1e-6F, static_cast<int64_t>(n), in_place.data());
    for (size_t i = 0; i < n; ++i) {
      const double exact = double{x[i]} * scale * double{weight[i]};
      ASSERT_NEAR(y[i], exact, 1e-6 * std::fabs(exact)) << n << " " << i;
      ASSERT_EQ(y[i], in_place[i]);
    }
  }
}

// Covers the vector exponential: relative error of silu below 4e-7 wherever the result is a normal float.
TEST_P(Operations, SwiGlu) {
  for (const size_t n : kSizes) {
    const float range = n % 3 == 0 ? 100.0F : n % 3 == 1 ? 10.0F : 1.0F;
    const GuardedFloats gate = random_floats(random_, n, -range, range), up = random_floats(random_, n, -2, 2);
    const GuardedFloats y(n), over_gate = copy(gate), over_up = copy(up);
    const auto count = static_cast<int64_t>(n);
    table_->swiglu(gate.data(), up.data(), count, y.data());
    table_->swiglu(over_gate.data(), up.data(), count, over_gate.data());
    table_->swiglu(gate.data(), over_up.data(), count, over_up.data());
    for (size_t i = 0; i < n; ++i) {
      const double g = gate[i], exact = g / (1 + std::exp(-g)) * double{up[i]};
      ASSERT_NEAR(y[i], exact, 4e-7 * std::fabs(exact) + 1e-35) << gate[i];
      ASSERT_EQ(y[i], over_gate[i]);
      ASSERT_EQ(y[i], over_up[i]);
    }
  }
}

TEST_P(Operations, SwiGluSurvivesLargeGates) {
  const float gates[] = {-1e30F, -1000, -104, -88.5F, -87.4F, -87.2F, -0.0F, 0, 1e-38F, 87.2F, 88.8F, 104, 1000, 1e30F};
  for (const float gate : gates) {
    const float up = 1;
    float y = NAN;
    table_->swiglu(&gate, &up, 1, &y);
    const double g = gate, exact = g / (1 + std::exp(-g));
    EXPECT_NEAR(y, exact, 4e-7 * std::fabs(exact) + 1e-35) << gate;
  }
}

TEST_P(Operations, Axpy) {
  for (const size_t n : kSizes) {
    const GuardedFloats x = random_floats(random_, n), before = random_floats(random_, n), y = copy(before);
    table_->axpy(0.37F, x.data(), static_cast<int64_t>(n), y.data());
    for (size_t i = 0; i < n; ++i) {
      const double product = double{0.37F} * double{x[i]};
      ASSERT_NEAR(y[i], product + double{before[i]}, 2e-7 * (std::fabs(product) + std::fabs(double{before[i]})));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Operations, testing::ValuesIn(all_sets()), set_name);

}  // namespace
}  // namespace sluice::conformance
