// rms_norm, swiglu, axpy, attention and delta_rule of every instruction set against the same sums in double precision.
// All arrays end at an unreadable page; sizes include ones below, at and off the vector widths.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "conformance/random_weights.h"
#include "kernels/kernel_table.h"

namespace sluice::conformance {
namespace {

using kernels::KernelTable;

constexpr size_t kSizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 100, 128, 200, 256, 1000, 2048};

GuardedFloats copy(const GuardedFloats& a) {
  GuardedFloats b(a.size());
  std::memcpy(b.data(), a.data(), a.size() * sizeof(float));
  return b;
}

class Operations : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    const auto table = kernels::select(GetParam());
    if (!table.ok()) GTEST_SKIP() << "NOT TESTED: " << table.error().message;
    table_ = table.value();
  }
  const KernelTable* table_ = nullptr;
  Random random_{99};
};

std::vector<std::string_view> all_sets() {
  std::vector<std::string_view> names;
  for (const auto& set : kernels::instruction_sets()) names.push_back(set.name);
  return names;
}

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

void check_attention(const KernelTable& table, Random& random, size_t head_dim, size_t positions, float scale) {
  const size_t stride = head_dim + positions % 5;
  const GuardedFloats q = random_floats(random, head_dim);
  const GuardedFloats keys = random_floats(random, (positions - 1) * stride + head_dim);
  const GuardedFloats values = random_floats(random, (positions - 1) * stride + head_dim);
  const GuardedFloats scores(positions), out(head_dim);
  std::vector<double> weight(positions), exact(head_dim);
  double highest = -INFINITY, sum = 0;
  for (size_t p = 0; p < positions; ++p) {
    for (size_t i = 0; i < head_dim; ++i) weight[p] += double{q[i]} * double{keys[p * stride + i]};
    highest = std::max(highest, weight[p] *= double{scale});
  }
  for (double& w : weight) sum += w = std::exp(w - highest);
  for (size_t p = 0; p < positions; ++p) {
    for (size_t i = 0; i < head_dim; ++i) exact[i] += weight[p] / sum * double{values[p * stride + i]};
  }
  table.attention({.q = q.data(),
                   .keys = keys.data(),
                   .values = values.data(),
                   .kv_stride = static_cast<int64_t>(stride),
                   .positions = static_cast<int64_t>(positions),
                   .head_dim = static_cast<int64_t>(head_dim),
                   .scale = scale,
                   .scores = scores.data(),
                   .out = out.data()});
  // A score's absolute error is its relative error on the weights, hence the factor.
  const double bound = 1e-6 * (1 + double{scale} * static_cast<double>(head_dim) / 4);
  for (size_t i = 0; i < head_dim; ++i) ASSERT_NEAR(out[i], exact[i], bound) << i;
}

TEST_P(Operations, Attention) {
  for (const size_t head_dim : {1, 3, 8, 16, 20, 64, 80, 96, 128, 192, 250, 256, 300}) {
    for (const size_t positions : {1, 2, 3, 4, 5, 15, 16, 33, 257}) {
      SCOPED_TRACE(testing::Message() << "head_dim " << head_dim << " positions " << positions);
      const float usual = 1 / std::sqrt(static_cast<float>(head_dim));
      ASSERT_NO_FATAL_FAILURE(check_attention(*table_, random_, head_dim, positions, usual));
      ASSERT_NO_FATAL_FAILURE(check_attention(*table_, random_, head_dim, positions, 8));  // nearly one-hot
    }
  }
}

// Rows of q, k and v of `tokens` tokens as a convolution leaves them, and the gates.
struct DeltaTokens {
  DeltaTokens(Random& random, size_t count, size_t key_size, size_t value_size)
      : tokens(count),
        dk(key_size),
        dv(value_size),
        rows(random_floats(random, tokens * (2 * dk + dv))),
        decay(random_floats(random, tokens, 0.5F, 1)),
        beta(random_floats(random, tokens, 0, 1)) {
    for (size_t t = 0; t < tokens; ++t) {
      for (size_t i = 0; i < 2 * dk; ++i) rows[t * (2 * dk + dv) + i] /= std::sqrt(static_cast<float>(dk));
    }
  }
  // Of tokens [first, first + count), all of them kept.
  kernels::DeltaRuleArgs args(size_t first, size_t count, float* state, float* out) const {
    const float* row = rows.data() + first * (2 * dk + dv);
    return {.q = row,
            .k = row + dk,
            .v = row + 2 * dk,
            .ldx = static_cast<int64_t>(2 * dk + dv),
            .decay = decay.data() + first,
            .beta = beta.data() + first,
            .tokens = static_cast<int64_t>(count),
            .keep = static_cast<int64_t>(count),
            .dk = static_cast<int64_t>(dk),
            .dv = static_cast<int64_t>(dv),
            .state = state,
            .scratch = nullptr,
            .out = out + first * dv,
            .ldo = static_cast<int64_t>(dv)};
  }
  size_t tokens, dk, dv;
  GuardedFloats rows, decay, beta;
};

void check_delta_rule(const KernelTable& table, Random& random, size_t dk, size_t dv) {
  const DeltaTokens in(random, 3, dk, dv);
  const GuardedFloats state = random_floats(random, dk * dv), out(in.tokens * dv);
  std::vector<double> s(state.data(), state.data() + dk * dv);
  table.delta_rule(in.args(0, in.tokens, state.data(), out.data()));
  for (size_t t = 0; t < in.tokens; ++t) {
    const float* row = in.rows.data() + t * (2 * dk + dv);
    std::vector<double> y(dv), delta(dv);
    for (size_t j = 0; j < dv; ++j) {
      for (size_t i = 0; i < dk; ++i) delta[j] += (s[i * dv + j] *= double{in.decay[t]}) * double{row[dk + i]};
      delta[j] = double{in.beta[t]} * (double{row[2 * dk + j]} - delta[j]);
      for (size_t i = 0; i < dk; ++i) y[j] += (s[i * dv + j] += double{row[dk + i]} * delta[j]) * double{row[i]};
    }
    for (size_t j = 0; j < dv; ++j) ASSERT_NEAR(out[t * dv + j], y[j], 4e-6) << t << " " << j;
  }
  for (size_t i = 0; i < dk * dv; ++i) ASSERT_NEAR(state[i], s[i], 2e-6) << i;
}

bool same_bytes(const GuardedFloats& a, const GuardedFloats& b, size_t n) {
  return std::memcmp(a.data(), b.data(), n * sizeof(float)) == 0;
}

// Any number of tokens at once, and any number of them kept, gives the bytes of single tokens.
void check_delta_rule_bytes(const KernelTable& table, Random& random, size_t dk, size_t dv) {
  const DeltaTokens in(random, 5, dk, dv);
  const GuardedFloats before = random_floats(random, dk * dv), state = copy(before), out(in.tokens * dv);
  std::vector<GuardedFloats> states;  // after so many tokens
  states.push_back(copy(before));
  for (size_t t = 0; t < in.tokens; ++t) {
    table.delta_rule(in.args(t, 1, state.data(), out.data()));
    states.push_back(copy(state));
  }
  for (size_t tokens = 1; tokens <= in.tokens; ++tokens) {
    for (size_t keep = 0; keep <= tokens; ++keep) {
      const GuardedFloats at_once = copy(before), out_at_once(in.tokens * dv);
      const GuardedFloats scratch(dk * static_cast<size_t>(kernels::kDeltaRuleColumns));
      auto args = in.args(0, tokens, at_once.data(), out_at_once.data());
      args.keep = static_cast<int64_t>(keep);
      if (keep < tokens) args.scratch = scratch.data();
      table.delta_rule(args);
      ASSERT_TRUE(same_bytes(at_once, states[keep], dk * dv)) << tokens << " tokens, kept " << keep;
      ASSERT_TRUE(same_bytes(out_at_once, out, tokens * dv)) << tokens << " tokens, kept " << keep;
    }
  }
  ASSERT_FALSE(same_bytes(states[0], states[1], dk * dv));  // each token moves the state
}

TEST_P(Operations, DeltaRule) {
  for (const size_t dk : {1, 5, 64, 128}) {
    for (const size_t dv : {1, 7, 8, 16, 24, 33, 64, 100, 128, 256}) {
      SCOPED_TRACE(testing::Message() << "dk " << dk << " dv " << dv);
      ASSERT_NO_FATAL_FAILURE(check_delta_rule(*table_, random_, dk, dv));
      ASSERT_NO_FATAL_FAILURE(check_delta_rule_bytes(*table_, random_, dk, dv));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Operations, testing::ValuesIn(all_sets()),
                         [](const auto& set) { return std::string(set.param); });

}  // namespace
}  // namespace sluice::conformance
