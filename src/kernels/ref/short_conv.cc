#include <algorithm>
#include <cmath>

#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {

void short_conv(const ShortConvArgs& args) {
  const int64_t past = args.kernel - 1;
  // Input of token t, which for t < 0 is in the state.
  const auto input = [&](int64_t t) { return t < 0 ? args.state + (t + past) * args.ld : args.x + t * args.ld; };
  for (int64_t t = 0; t < args.tokens; ++t) {
    float* y = args.y + t * args.ld;
    std::fill_n(y, args.channels, 0.0f);
    for (int64_t k = 0; k < args.kernel; ++k) {
      const float* tap = args.taps + k * args.ld;
      const float* x = input(t - past + k);
      for (int64_t c = 0; c < args.channels; ++c) y[c] += tap[c] * x[c];
    }
    for (int64_t c = 0; c < args.channels; ++c) y[c] /= 1.0f + std::exp(-y[c]);
  }
  if (args.keep == 0) return;
  for (int64_t k = 0; k < past; ++k) {  // towards the front: no row is overwritten before it has moved
    std::copy_n(input(args.keep - past + k), args.channels, args.state + k * args.ld);
  }
}

}  // namespace sluice::kernels::ref
