// The vector exponential, rms_norm, swiglu and axpy (contracts: kernel_table.h) for any vector type V. An element's
// result does not depend on its place: the last, partial vector runs the same operations under a mask.
#pragma once

#include <cstdint>

#include "kernels/vector/unroll.h"

namespace sluice::kernels {
namespace {

// e^x to about 1 ulp (conformance test: 2e-7 relative); 0 below -87.3, where the result would leave the normal floats,
// and e^88.3 above 88.3. NaN stays NaN.
template <class V>
SLUICE_INLINE typename V::Reg exp(typename V::Reg x) {
  const auto c = [](float v) SLUICE_LAMBDA { return V::set1(v); };
  const typename V::Reg lowest = c(-87.33F);
  const typename V::Reg bounded = V::min(c(88.3F), V::max(lowest, x));  // x second: a NaN passes through both
  const typename V::Reg n = V::round(V::mul(bounded, c(0x1.715476p+0F)));
  // bounded - n ln 2, with ln 2 in two pieces: n times the first is exact.
  const typename V::Reg r = V::fma(n, c(-0x1.7f7d1cp-20F), V::fma(n, c(-0x1.62e4p-1F), bounded));
  // Taylor to r^7: |r| <= 0.347, so the first term left out is below 6e-9.
  typename V::Reg p = V::fma(c(1.0F / 5040), r, c(1.0F / 720));
  p = V::fma(p, r, c(1.0F / 120));
  p = V::fma(p, r, c(1.0F / 24));
  p = V::fma(p, r, c(1.0F / 6));
  p = V::fma(p, r, c(0.5F));
  p = V::fma(V::mul(r, r), p, r);
  return V::if_less(x, lowest, V::zero(), V::times_pow2(V::add(p, c(1)), n));
}

// f(first element, lanes) over [0, n): whole vectors, then one partial one.
template <class V, class Whole, class Part>
SLUICE_INLINE void for_vectors(int64_t n, Whole whole, Part part) {
  int64_t i = 0;
  for (; i + V::kLanes <= n; i += V::kLanes) whole(i);
  if (i < n) part(i, static_cast<int>(n - i));
}

template <class V>
SLUICE_INLINE typename V::Reg sigmoid(typename V::Reg x) {
  const typename V::Reg one = V::set1(1);
  const typename V::Reg e = exp<V>(V::negative_abs(x));  // in [0, 1]: nothing overflows
  return V::div(V::if_less(x, V::zero(), e, one), V::add(one, e));
}

template <class V>
SLUICE_INLINE typename V::Reg silu_times(typename V::Reg gate, typename V::Reg up) {
  return V::mul(V::mul(gate, sigmoid<V>(gate)), up);
}

template <class V>
void swiglu(const float* gate, const float* up, int64_t n, float* y) {
  for_vectors<V>(
      n, [&](int64_t i) SLUICE_LAMBDA { V::store(y + i, silu_times<V>(V::load(gate + i), V::load(up + i))); },
      [&](int64_t i, int lanes) SLUICE_LAMBDA {
        V::store_n(y + i, silu_times<V>(V::load_n(gate + i, lanes), V::load_n(up + i, lanes)), lanes);
      });
}

template <class V>
void axpy(float a, const float* x, int64_t n, float* y) {
  const typename V::Reg s = V::set1(a);
  for_vectors<V>(
      n, [&](int64_t i) SLUICE_LAMBDA { V::store(y + i, V::fma(s, V::load(x + i), V::load(y + i))); },
      [&](int64_t i, int lanes)
          SLUICE_LAMBDA { V::store_n(y + i, V::fma(s, V::load_n(x + i, lanes), V::load_n(y + i, lanes)), lanes); });
}

template <class V>
void rms_norm(const float* x, const float* weight, float eps, int64_t n, float* y) {
  typename V::Reg sum[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
  int64_t i = 0;
  for (; i + 4 * V::kLanes <= n; i += 4 * V::kLanes) {
    unroll<4>([&](auto j) SLUICE_LAMBDA {
      const typename V::Reg v = V::load(x + i + j.value * V::kLanes);
      sum[j.value] = V::fma(v, v, sum[j.value]);
    });
  }
  for (; i < n; i += V::kLanes) {
    const int lanes = static_cast<int>(n - i);
    const typename V::Reg v = lanes >= V::kLanes ? V::load(x + i) : V::load_n(x + i, lanes);
    sum[0] = V::fma(v, v, sum[0]);
  }
  const float squares = V::hsum(V::add(V::add(sum[0], sum[1]), V::add(sum[2], sum[3])));
  const typename V::Reg scale = V::set1(1.0F / V::root(squares / static_cast<float>(n) + eps));
  for_vectors<V>(
      n, [&](int64_t j) SLUICE_LAMBDA { V::store(y + j, V::mul(V::mul(V::load(x + j), scale), V::load(weight + j))); },
      [&](int64_t j, int lanes) SLUICE_LAMBDA {
        V::store_n(y + j, V::mul(V::mul(V::load_n(x + j, lanes), scale), V::load_n(weight + j, lanes)), lanes);
      });
}

}  // namespace
}  // namespace sluice::kernels
