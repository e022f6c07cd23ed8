#include <cmath>

#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {

void rms_norm(const float* x, const float* weight, float eps, int64_t n, float* y) {
  double squares = 0;  // double: a hidden size of thousands would cost float several bits
  for (int64_t i = 0; i < n; ++i) squares += double{x[i]} * double{x[i]};
  const auto scale = static_cast<float>(1.0 / std::sqrt(squares / static_cast<double>(n) + double{eps}));
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] * scale * weight[i];
}

}  // namespace sluice::kernels::ref
