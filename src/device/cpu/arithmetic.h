// What the CPU's steps share: how finely rows are handed out, where they stand, and the sigmoid.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "quant/format.h"

namespace sluice::device {

// Rows handed out are multiples of this: whole vectors, and whole groups of columns for the product that follows.
inline constexpr int64_t kRowGrain = 32;

// Rows of `cols` columns, for `tokens` tokens, that make about 32k multiply-adds: what a thread does in the time a parallel
// region costs. A multiple of kRowGrain.
inline int64_t grain_for(int64_t cols, int64_t tokens) {
  constexpr int64_t kWork = 32768;
  const int64_t rows = kWork / std::max<int64_t>(cols * tokens, 1);
  return std::max<int64_t>(rows / kRowGrain, 1) * kRowGrain;
}

// Where row r begins.
inline const std::byte* row_at(const quant::Matrix& m, int64_t r) { return m.data + r * quant::row_bytes(m.format, m.cols); }

// What a thread reads after m's rows before `end`: m's next ones, or what comes after m.
inline const std::byte* what_follows(const quant::Matrix& m, int64_t end, const std::byte* after) {
  return end < m.rows ? row_at(m, end) : after;
}

inline float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

}  // namespace sluice::device
