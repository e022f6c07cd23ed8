#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {

float dot(const float* a, const float* b, int64_t n) {
  constexpr int kLanes = 16;  // independent chains, so that a compiler may use vectors without reordering any sum
  float sum[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (int l = 0; l < kLanes; ++l) sum[l] += a[i + l] * b[i + l];
  }
  for (int l = 0; i + l < n; ++l) sum[l] += a[i + l] * b[i + l];
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) sum[l] += sum[l + half];
  }
  return sum[0];
}

}  // namespace sluice::kernels::ref
