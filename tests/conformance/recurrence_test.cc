// delta_rule and short_conv of every instruction set against the same sums in double precision, and against their own
// bytes: tokens at once or one by one. All arrays end at an unreadable page.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "conformance/each_set.h"

namespace sluice::conformance {
namespace {

using kernels::KernelTable;

class Recurrence : public EachSet {};

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

TEST_P(Recurrence, DeltaRule) {
  for (const size_t dk : {1, 5, 64, 128}) {
    for (const size_t dv : {1, 7, 8, 16, 24, 33, 64, 100, 128, 256}) {
      SCOPED_TRACE(testing::Message() << "dk " << dk << " dv " << dv);
      ASSERT_NO_FATAL_FAILURE(check_delta_rule(*table_, random_, dk, dv));
      ASSERT_NO_FATAL_FAILURE(check_delta_rule_bytes(*table_, random_, dk, dv));
    }
  }
}

struct Conv {
  static constexpr size_t kTokens = 7;
  size_t kernel, channels, ld;
  GuardedFloats x, taps;

  Conv(Random& random, size_t kernel_size, size_t channel_count)
      : kernel(kernel_size),
        channels(channel_count),
        ld(channel_count + 3),
        x(random_floats(random, (kTokens - 1) * ld + channels, -3, 3)),
        taps(random_floats(random, (kernel - 1) * ld + channels)) {}

  // Tokens [first, first + count) of channels [from, to); arrays that would be empty are not touched.
  void run(const KernelTable& table, size_t first, size_t count, size_t keep, size_t from, size_t to, float* state,
           float* y) const {
    table.short_conv({.x = x.data() + first * ld + from,
                      .taps = taps.data() + from,
                      .state = state + from,
                      .y = y + first * ld + from,
                      .ld = static_cast<int64_t>(ld),
                      .tokens = static_cast<int64_t>(count),
                      .keep = static_cast<int64_t>(keep),
                      .kernel = static_cast<int64_t>(kernel),
                      .channels = static_cast<int64_t>(to - from)});
  }
  GuardedFloats random_state(Random& random) const {
    return random_floats(random, kernel > 1 ? (kernel - 2) * ld + channels : 0);
  }
};

void check_short_conv(const KernelTable& table, Random& random, size_t kernel, size_t channels) {
  const Conv in(random, kernel, channels);
  const GuardedFloats before = in.random_state(random), state = copy(before), y(in.x.size());
  const auto input = [&](size_t t, size_t k, size_t c) {  // of token t - (kernel - 1) + k
    return t + k < kernel - 1 ? before[(t + k) * in.ld + c] : in.x[(t + k - (kernel - 1)) * in.ld + c];
  };
  in.run(table, 0, Conv::kTokens, Conv::kTokens, 0, channels, state.data(), y.data());
  for (size_t t = 0; t < Conv::kTokens; ++t) {
    for (size_t c = 0; c < channels; ++c) {
      double sum = 0;
      for (size_t k = 0; k < kernel; ++k) sum += double{in.taps[k * in.ld + c]} * double{input(t, k, c)};
      ASSERT_NEAR(y[t * in.ld + c], sum / (1 + std::exp(-sum)), 4e-6) << t << " " << c;
    }
  }
  for (size_t i = 0; i + 1 < kernel; ++i) {
    for (size_t c = 0; c < channels; ++c) ASSERT_EQ(state[i * in.ld + c], input(Conv::kTokens, i, c));
  }
}

// Tokens one by one, in two runs or all at once, and channels in parts, give the same bytes; `keep` the state of so many.
void check_short_conv_bytes(const KernelTable& table, Random& random, size_t kernel, size_t channels) {
  const Conv in(random, kernel, channels);
  const GuardedFloats before = in.random_state(random), state = copy(before), y(in.x.size());
  std::vector<GuardedFloats> states;
  states.push_back(copy(before));
  for (size_t t = 0; t < Conv::kTokens; ++t) {
    in.run(table, t, 1, 1, 0, channels, state.data(), y.data());
    states.push_back(copy(state));
  }
  for (size_t keep = 0; keep <= Conv::kTokens; ++keep) {
    const GuardedFloats kept = copy(before), at_once(in.x.size());
    const size_t cut = keep * channels / Conv::kTokens;
    if (cut > 0) in.run(table, 0, Conv::kTokens, keep, 0, cut, kept.data(), at_once.data());
    if (cut < channels) in.run(table, 0, Conv::kTokens, keep, cut, channels, kept.data(), at_once.data());
    ASSERT_EQ(std::memcmp(at_once.data(), y.data(), y.size() * sizeof(float)), 0) << keep;
    ASSERT_EQ(std::memcmp(kept.data(), states[keep].data(), kept.size() * sizeof(float)), 0) << keep;
  }
}

TEST_P(Recurrence, ShortConv) {
  for (const size_t kernel : {1, 2, 4, 5}) {
    for (const size_t channels : {1, 7, 8, 16, 24, 33, 100, 256}) {
      SCOPED_TRACE(testing::Message() << "kernel " << kernel << " channels " << channels);
      ASSERT_NO_FATAL_FAILURE(check_short_conv(*table_, random_, kernel, channels));
      ASSERT_NO_FATAL_FAILURE(check_short_conv_bytes(*table_, random_, kernel, channels));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Recurrence, testing::ValuesIn(all_sets()), set_name);

}  // namespace
}  // namespace sluice::conformance
