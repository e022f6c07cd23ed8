// The reference kernels other than matmul against their formulas in double.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/random_matrix.h"
#include "kernels/ref/ref.h"

namespace sluice::kernels {
namespace {

size_t at(int64_t i) {
  return static_cast<size_t>(i);
}

TEST(RefRmsNorm, Formula) {
  for (const int64_t n : {1, 7, 128, 4096}) {
    const auto x = random_floats(n, 1, -3, 3);
    const auto weight = random_floats(n, 2, 0, 2);
    std::vector<float> y(x.size());
    ref::rms_norm(x.data(), weight.data(), 1e-6f, n, y.data());
    double squares = 0;
    for (const float v : x) squares += double{v} * double{v};
    const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-6);
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = double{x[i]} * scale * double{weight[i]};
      ASSERT_NEAR(y[i], want, 3e-7 * std::fabs(want)) << n << " " << i;
    }
    auto in_place = x;
    ref::rms_norm(in_place.data(), weight.data(), 1e-6f, n, in_place.data());
    ASSERT_EQ(in_place, y);
  }
}

TEST(RefRmsNorm, ZeroStaysZero) {
  const std::vector<float> x(8, 0.0f), weight(8, 1.0f);
  std::vector<float> y(8, 1.0f);
  ref::rms_norm(x.data(), weight.data(), 1e-6f, 8, y.data());
  EXPECT_EQ(y, x);
}

TEST(RefSwiglu, Formula) {
  const auto gate = random_floats(1000, 3, -20, 20);
  const auto up = random_floats(1000, 4, -2, 2);
  std::vector<float> y(1000);
  ref::swiglu(gate.data(), up.data(), 1000, y.data());
  for (size_t i = 0; i < y.size(); ++i) {
    const double want = double{gate[i]} / (1 + std::exp(-double{gate[i]})) * double{up[i]};
    ASSERT_NEAR(y[i], want, 1e-6 * std::fabs(want)) << gate[i];
  }
  auto over_gate = gate;
  ref::swiglu(over_gate.data(), up.data(), 1000, over_gate.data());
  EXPECT_EQ(over_gate, y);
  auto over_up = up;
  ref::swiglu(gate.data(), over_up.data(), 1000, over_up.data());
  EXPECT_EQ(over_up, y);
}

TEST(RefSwiglu, ExtremeGates) {
  const float gate[] = {1e4f, -1e4f, 0, 88, -88, -89};
  const float up[] = {2, 2, 2, 1, 1, 1};
  float y[6];
  ref::swiglu(gate, up, 6, y);
  EXPECT_EQ(y[0], 2e4f);
  EXPECT_EQ(std::fabs(y[1]), 0.0f);  // exp overflows to infinity, the quotient to zero: no NaN
  EXPECT_EQ(y[2], 0.0f);
  EXPECT_EQ(y[3], 88.0f);
  for (const float v : y) EXPECT_TRUE(std::isfinite(v));
}

TEST(RefAxpy, Formula) {
  const auto x = random_floats(33, 5);
  const auto before = random_floats(33, 6);
  auto y = before;
  ref::axpy(0.3f, x.data(), 33, y.data());
  for (size_t i = 0; i < y.size(); ++i) ASSERT_NEAR(y[i], double{before[i]} + double{0.3f} * double{x[i]}, 1e-7);
}

// Three tokens through one state, so that the decayed and updated state is what the next token meets.
void check_delta_rule(int64_t dk, int64_t dv) {
  auto state = random_floats(dk * dv, 10);
  std::vector<double> want_state(state.begin(), state.end());
  for (uint32_t token = 0; token < 3; ++token) {
    const float norm = 1 / std::sqrt(static_cast<float>(dk));
    const auto q = random_floats(dk, 11 + token, -norm, norm);
    const auto k = random_floats(dk, 21 + token, -norm, norm);
    const auto v = random_floats(dv, 31 + token);
    std::vector<float> out(at(dv), 1.0f);
    const float decay = 0.9f, beta = 0.6f;
    ref::delta_rule({.q = q.data(),
                     .k = k.data(),
                     .v = v.data(),
                     .ldx = 0,
                     .decay = &decay,
                     .beta = &beta,
                     .tokens = 1,
                     .keep = 1,
                     .dk = dk,
                     .dv = dv,
                     .state = state.data(),
                     .scratch = nullptr,
                     .out = out.data(),
                     .ldo = dv});
    for (int64_t j = 0; j < dv; ++j) {
      double read = 0, want = 0;
      for (int64_t i = 0; i < dk; ++i) read += (want_state[at(i * dv + j)] *= double{0.9f}) * double{k[at(i)]};
      const double delta = double{0.6f} * (double{v[at(j)]} - read);
      for (int64_t i = 0; i < dk; ++i) {
        want += (want_state[at(i * dv + j)] += double{k[at(i)]} * delta) * double{q[at(i)]};
      }
      ASSERT_NEAR(out[at(j)], want, 3e-6) << j;
    }
  }
  for (size_t i = 0; i < state.size(); ++i) ASSERT_NEAR(state[i], want_state[i], 1e-6) << i;
}

TEST(RefDeltaRule, Formula) {
  check_delta_rule(128, 128);
  check_delta_rule(64, 300);  // wider than a tile, the last one short
  check_delta_rule(3, 5);
}

}  // namespace
}  // namespace sluice::kernels
