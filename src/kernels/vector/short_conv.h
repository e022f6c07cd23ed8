// The causal depthwise convolution in front of the delta rule (contract: kernel_table.h) for any vector type V.
#pragma once

#include "kernels/kernel_table.h"
#include "kernels/vector/elementwise.h"
#include "kernels/vector/unroll.h"

namespace sluice::kernels {
namespace {

template <class V>
void short_conv(const ShortConvArgs& a) {
  const int64_t past = a.kernel - 1;
  const auto input = [&](int64_t t) { return t < 0 ? a.state + (t + past) * a.ld : a.x + t * a.ld; };
  // One vector of channels from c of token t, loaded by `at`.
  const auto value = [&](int64_t t, int64_t c, auto at) SLUICE_LAMBDA {
    typename V::Reg sum = V::zero();
    for (int64_t k = 0; k < a.kernel; k++) {
      sum = V::fma(at(a.taps + k * a.ld + c), at(input(t - past + k) + c), sum);
    }
    return silu_times<V>(sum, V::set1(1));
  };
  for (int64_t t = 0; t < a.tokens; t++) {
    float* y = a.y + t * a.ld;
    for_vectors<V>(
        a.channels,
        [&](int64_t c) SLUICE_LAMBDA {
          V::store(y + c, value(t, c, [](const float* p) SLUICE_LAMBDA { return V::load(p); }));
        },
        [&](int64_t c, int lanes) SLUICE_LAMBDA {
          V::store_n(y + c, value(t, c, [lanes](const float* p) SLUICE_LAMBDA { return V::load_n(p, lanes); }), lanes);
        });
  }
  if (a.keep == 0) return;
  for (int64_t k = 0; k < past; k++) {  // towards the front: no row is overwritten before it has moved
    const float* from = input(a.keep - past + k);
    float* to = a.state + k * a.ld;
    for_vectors<V>(
        a.channels, [&](int64_t c) SLUICE_LAMBDA { V::store(to + c, V::load(from + c)); },
        [&](int64_t c, int lanes) SLUICE_LAMBDA { V::store_n(to + c, V::load_n(from + c, lanes), lanes); });
  }
}

}  // namespace
}  // namespace sluice::kernels
