#include <algorithm>

#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {
namespace {

constexpr int64_t kTile = 128;  // columns of the state taken at a time; columns never meet, so the tile changes no byte

// Columns [0, n) of the state at `state`, whose rows are args.dv apart.
void delta_rule_tile(const DeltaRuleArgs& args, float* state, const float* v, float* out, int64_t n) {
  float delta[kTile] = {};
  for (int64_t i = 0; i < args.dk; ++i) {  // S *= decay; delta = S^T k
    float* row = state + i * args.dv;
    for (int64_t j = 0; j < n; ++j) {
      row[j] *= args.decay;
      delta[j] += row[j] * args.k[i];
    }
  }
  for (int64_t j = 0; j < n; ++j) delta[j] = args.beta * (v[j] - delta[j]);
  std::fill_n(out, n, 0.0f);
  for (int64_t i = 0; i < args.dk; ++i) {  // S += k delta^T; out = S^T q
    float* row = state + i * args.dv;
    for (int64_t j = 0; j < n; ++j) {
      row[j] += args.k[i] * delta[j];
      out[j] += row[j] * args.q[i];
    }
  }
}

}  // namespace

void delta_rule(const DeltaRuleArgs& args) {
  for (int64_t j = 0; j < args.dv; j += kTile) {
    delta_rule_tile(args, args.state + j, args.v + j, args.out + j, std::min(kTile, args.dv - j));
  }
}

}  // namespace sluice::kernels::ref
