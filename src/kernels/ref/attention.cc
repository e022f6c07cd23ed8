#include <algorithm>
#include <cmath>

#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {

void attention(const AttentionArgs& args) {
  float highest = -INFINITY;
  for (int64_t p = 0; p < args.positions; ++p) {
    args.scores[p] = args.scale * dot(args.q, args.keys + p * args.kv_stride, args.head_dim);
    highest = std::max(highest, args.scores[p]);
  }
  std::fill_n(args.out, args.head_dim, 0.0f);
  double sum = 0;  // double: a long context adds many small terms to a large sum
  for (int64_t p = 0; p < args.positions; ++p) {
    const float e = std::exp(args.scores[p] - highest);  // at most 1: the highest score is taken off first
    sum += double{e};
    const float* value = args.values + p * args.kv_stride;
    for (int64_t i = 0; i < args.head_dim; ++i) args.out[i] += e * value[i];
  }
  const auto inverse = static_cast<float>(1.0 / sum);
  for (int64_t i = 0; i < args.head_dim; ++i) args.out[i] *= inverse;
}

}  // namespace sluice::kernels::ref
