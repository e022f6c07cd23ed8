#include <algorithm>

#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {
namespace {

// Columns are taken so many at a time; they never meet, so the tile changes no byte.
constexpr int64_t kTile = kDeltaRuleColumns;

// Columns of a state: row i at data + i * stride.
struct Columns {
  float* data;
  int64_t stride;
};

// Token t of columns [j, j + n), from the state `from` to the state `to`; both may be the same.
void one_token(const DeltaRuleArgs& args, int64_t t, int64_t j, int64_t n, Columns from, Columns to) {
  const float* q = args.q + t * args.ldx;
  const float* k = args.k + t * args.ldx;
  const float* v = args.v + t * args.ldx + j;
  float* out = args.out + t * args.ldo + j;
  float delta[kTile] = {};
  for (int64_t i = 0; i < args.dk; ++i) {  // S *= decay; delta = S^T k
    for (int64_t c = 0; c < n; ++c) {
      const float decayed = from.data[i * from.stride + c] * args.decay[t];
      to.data[i * to.stride + c] = decayed;
      delta[c] += decayed * k[i];
    }
  }
  for (int64_t c = 0; c < n; ++c) delta[c] = args.beta[t] * (v[c] - delta[c]);
  std::fill_n(out, n, 0.0f);
  for (int64_t i = 0; i < args.dk; ++i) {  // S += k delta^T; out = S^T q
    float* row = to.data + i * to.stride;
    for (int64_t c = 0; c < n; ++c) {
      row[c] += k[i] * delta[c];
      out[c] += row[c] * q[i];
    }
  }
}

}  // namespace

void delta_rule(const DeltaRuleArgs& args) {
  for (int64_t j = 0; j < args.dv; j += kTile) {
    const int64_t n = std::min(kTile, args.dv - j);
    const Columns kept{args.state + j, args.dv}, scratch{args.scratch, kTile};
    for (int64_t t = 0; t < args.tokens; ++t) {
      one_token(args, t, j, n, t <= args.keep ? kept : scratch, t < args.keep ? kept : scratch);
    }
  }
}

}  // namespace sluice::kernels::ref
