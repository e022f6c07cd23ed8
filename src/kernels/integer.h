// Products in integers: how activations are quantised and what exactly a product is. Every instruction set computes the
// same bytes: sums inside a group are exact integers, everything after is float32 in a fixed order.
//
// Activations, per token and group of 32 columns (quant::kIntegerGroup): with a = max |x_i|,
//   q_i = round to even(x_i * (32512 / a)), a 16-bit integer; scale X = a * (1 / 32512). Their error is at most 2^-16 a,
//   far below that of the weights; a below 2^-100 counts as 0; a group with an infinity or NaN has q = 0 and X not finite.
// One row's product with one token: acc = 0; for each group in ascending order, with weight scale s, integers w_i and
// offset o (quant::Format::split_row), D = sum w_i q_i and S = sum q_i, both exact in int32:
//   acc = fma(float(D), s * X, acc); with offsets also acc = fma(o, X * float(S), acc).
// Where a scale covers 16 columns (quant::Format::scale_group), the same for each half of the group, the first half first
// (its D, its offset, then the second half's).
//
// Coarse activations (`sluice --activations 8`, lossy; docs/decisions/0009): q_i = 256 * round to even(x_i * (127 / a)), all
// else the same. Their lower bytes are 0, and who takes bytes apart may leave them out.
//
// A quantised row is opaque outside a set's folder, since sets order the integers as their instructions want them: 64
// bytes of integers a group, then a GroupHead a group. Its size is the same for all sets.
#pragma once

#include <cstdint>

#include "quant/format.h"

namespace sluice::kernels {

inline constexpr float kIntegerRange = 32512.0f;  // 127 * 256: the upper byte of q + 128 fits int8
inline constexpr int kCoarseUnit = 256;
inline constexpr float kLeastMagnitude = 0x1p-100f;
inline constexpr int64_t kGroupBytes = 64;

struct GroupHead {
  float scale;        // X
  int32_t sum[2];     // of the first and the last 16 integers
  float scaled_sum;   // X * float(sum[0] + sum[1])
};

// Bytes of a quantised row of `cols` values, a multiple of 64. REQUIRES: cols % 32 == 0.
constexpr int64_t quantised_bytes(int64_t cols) {
  const int64_t groups = cols / quant::kIntegerGroup;
  return (groups * (kGroupBytes + static_cast<int64_t>(sizeof(GroupHead))) + 63) / 64 * 64;
}

// Where the heads of a quantised row of `cols` values stand in it.
constexpr int64_t heads_at(int64_t cols) { return cols / quant::kIntegerGroup * kGroupBytes; }

}  // namespace sluice::kernels
