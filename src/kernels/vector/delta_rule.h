// Tokens of the gated delta rule (contract: kernel_table.h) for any vector type V.
//
// Columns of the state never meet, so a block of columns is taken through all tokens while it lies in the caches of the
// core. A token's own pass decays, updates and reads out, and with the same load reads S^T k of the token behind it (the
// decay is a factor of that sum); only the first token needs a pass of its own for it.
#pragma once

#include "kernels/kernel_table.h"
#include "kernels/vector/unroll.h"

namespace sluice::kernels {
namespace {

// Columns of a state: row r at data + r * stride.
struct StateColumns {
  float* data;
  int64_t stride;
};

// One token of the columns: S from `from` to `to`, out = S^T q and, where kNext, read = S^T next_k. A last token asks memory
// for what lies `ahead` floats behind.
template <class V, int kVectors, bool kNext, class At, class Put>
SLUICE_INLINE void delta_rule_token(int64_t dk, float decay_of_token, const float* q, const float* k, const float* next_k,
                                    StateColumns from, StateColumns to, int64_t ahead,
                                    const typename V::Reg (&delta)[kVectors], typename V::Reg (&out)[kVectors],
                                    typename V::Reg (&read)[kVectors], At at, Put put) {
  const typename V::Reg decay = V::set1(decay_of_token);
  unroll<kVectors>([&](auto i) SLUICE_LAMBDA { out[i.value] = read[i.value] = V::zero(); });
  for (int64_t r = 0; r < dk; r++) {
    const typename V::Reg k_r = V::set1(k[r]), q_r = V::set1(q[r]), next_r = V::set1(kNext ? next_k[r] : 0);
    unroll<kVectors>([&](auto i) SLUICE_LAMBDA {
      const typename V::Reg old = at(from.data + r * from.stride + i.value * V::kLanes);
      const typename V::Reg s = V::fma(k_r, delta[i.value], V::mul(decay, old));
      put(to.data + r * to.stride + i.value * V::kLanes, s);
      if constexpr (!kNext) __builtin_prefetch(from.data + ahead + r * from.stride + i.value * V::kLanes, 1);
      out[i.value] = V::fma(q_r, s, out[i.value]);
      if constexpr (kNext) read[i.value] = V::fma(next_r, s, read[i.value]);
    });
  }
}

// Columns [j, j + kVectors vectors); `at` and `put` load and store a vector, perhaps under a mask.
template <class V, int kVectors, class At, class Put>
SLUICE_INLINE void delta_rule_columns(const DeltaRuleArgs& a, int64_t j, At at, Put put) {
  const StateColumns kept = {a.state + j, a.dv}, scratch = {a.scratch, kVectors * V::kLanes};
  typename V::Reg read[kVectors], delta[kVectors], out[kVectors];
  unroll<kVectors>([&](auto i) SLUICE_LAMBDA { read[i.value] = V::zero(); });
  for (int64_t r = 0; r < a.dk; r++) {
    const typename V::Reg k = V::set1(a.k[r]);
    unroll<kVectors>([&](auto i) SLUICE_LAMBDA {
      read[i.value] = V::fma(k, at(kept.data + r * kept.stride + i.value * V::kLanes), read[i.value]);
    });
  }
  // The next block of columns, or the first of the next head's state, which usually stands behind this one.
  constexpr int64_t kWidth = kVectors * V::kLanes;
  const int64_t ahead = j + 2 * kWidth <= a.dv ? kWidth : a.dk * a.dv - j;
  for (int64_t t = 0; t < a.tokens; t++) {
    const typename V::Reg decay = V::set1(a.decay[t]), beta = V::set1(a.beta[t]);
    unroll<kVectors>([&](auto i) SLUICE_LAMBDA {
      const typename V::Reg v = at(a.v + t * a.ldx + j + i.value * V::kLanes);
      delta[i.value] = V::mul(beta, V::sub(v, V::mul(decay, read[i.value])));
    });
    const StateColumns from = t <= a.keep ? kept : scratch, to = t < a.keep ? kept : scratch;
    const float *q = a.q + t * a.ldx, *k = a.k + t * a.ldx;
    if (t + 1 < a.tokens) {
      delta_rule_token<V, kVectors, true>(a.dk, a.decay[t], q, k, k + a.ldx, from, to, ahead, delta, out, read, at, put);
    } else {
      delta_rule_token<V, kVectors, false>(a.dk, a.decay[t], q, k, k, from, to, ahead, delta, out, read, at, put);
    }
    unroll<kVectors>([&](auto i) SLUICE_LAMBDA { put(a.out + t * a.ldo + j + i.value * V::kLanes, out[i.value]); });
  }
}

template <class V>
void delta_rule(const DeltaRuleArgs& a) {
  constexpr int kWide = V::kDeltaRuleVectors;
  static_assert(kWide * V::kLanes <= kDeltaRuleColumns);
  if (a.tokens <= 0) return;
  const auto at = [](const float* p) SLUICE_LAMBDA { return V::load(p); };
  const auto put = [](float* p, typename V::Reg v) SLUICE_LAMBDA { V::store(p, v); };
  int64_t j = 0;
  for (; j + kWide * V::kLanes <= a.dv; j += kWide * V::kLanes) delta_rule_columns<V, kWide>(a, j, at, put);
  for (; j + V::kLanes <= a.dv; j += V::kLanes) delta_rule_columns<V, 1>(a, j, at, put);
  if (const int lanes = static_cast<int>(a.dv - j); lanes > 0) {
    delta_rule_columns<V, 1>(
        a, j, [lanes](const float* p) SLUICE_LAMBDA { return V::load_n(p, lanes); },
        [lanes](float* p, typename V::Reg v) SLUICE_LAMBDA { V::store_n(p, v, lanes); });
  }
}

}  // namespace
}  // namespace sluice::kernels
