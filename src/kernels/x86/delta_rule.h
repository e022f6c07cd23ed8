// One token of the gated delta rule (contract: kernel_table.h) for any vector type V.
//
// Columns of the state never meet, so a block of columns is taken through both passes while it lies in the first-level
// cache: pass 1 reads it for S^T k (the decay is a factor of the sum), pass 2 decays, updates and reads out in one go.
#pragma once

#include "kernels/kernel_table.h"
#include "kernels/x86/unroll.h"

namespace sluice::kernels {
namespace {

// Columns [j, j + kVectors vectors); `at` and `put` load and store vector i at a pointer, perhaps under a mask.
template <class V, int kVectors, class At, class Put>
SLUICE_INLINE void delta_rule_columns(const DeltaRuleArgs& a, int64_t j, At at, Put put) {
  typename V::Reg read[kVectors], delta[kVectors];
  unroll<kVectors>([&](auto i) SLUICE_LAMBDA { read[i.value] = V::zero(); });
  for (int64_t r = 0; r < a.dk; r++) {
    const typename V::Reg k = V::set1(a.k[r]);
    unroll<kVectors>([&](auto i) SLUICE_LAMBDA {
      read[i.value] = V::fma(k, at(a.state + r * a.dv + j + i.value * V::kLanes), read[i.value]);
    });
  }
  const typename V::Reg decay = V::set1(a.decay), beta = V::set1(a.beta);
  unroll<kVectors>([&](auto i) SLUICE_LAMBDA {
    const typename V::Reg v = at(a.v + j + i.value * V::kLanes);
    delta[i.value] = V::mul(beta, V::sub(v, V::mul(decay, read[i.value])));
    read[i.value] = V::zero();
  });
  for (int64_t r = 0; r < a.dk; r++) {
    const typename V::Reg k = V::set1(a.k[r]), q = V::set1(a.q[r]);
    unroll<kVectors>([&](auto i) SLUICE_LAMBDA {
      float* p = a.state + r * a.dv + j + i.value * V::kLanes;
      const typename V::Reg s = V::fma(k, delta[i.value], V::mul(decay, at(p)));
      put(p, s);
      read[i.value] = V::fma(q, s, read[i.value]);
    });
  }
  unroll<kVectors>([&](auto i) SLUICE_LAMBDA { put(a.out + j + i.value * V::kLanes, read[i.value]); });
}

template <class V>
void delta_rule(const DeltaRuleArgs& a) {
  const auto at = [](const float* p) SLUICE_LAMBDA { return V::load(p); };
  const auto put = [](float* p, typename V::Reg v) SLUICE_LAMBDA { V::store(p, v); };
  int64_t j = 0;
  for (; j + 4 * V::kLanes <= a.dv; j += 4 * V::kLanes) delta_rule_columns<V, 4>(a, j, at, put);
  for (; j + V::kLanes <= a.dv; j += V::kLanes) delta_rule_columns<V, 1>(a, j, at, put);
  if (const int lanes = static_cast<int>(a.dv - j); lanes > 0) {
    delta_rule_columns<V, 1>(
        a, j, [lanes](const float* p) SLUICE_LAMBDA { return V::load_n(p, lanes); },
        [lanes](float* p, typename V::Reg v) SLUICE_LAMBDA { V::store_n(p, v, lanes); });
  }
}

}  // namespace
}  // namespace sluice::kernels
