// For tests: a random weight matrix in any format of the table.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include "quant/format.h"

namespace sluice::kernels {

// Owns its bytes; `view` points into them. Arrays begin at odd addresses, as tensors in files may.
struct RandomMatrix {
  std::vector<std::byte> data, scales, biases;
  quant::Matrix view;

  RandomMatrix(quant::FormatId id, int64_t rows, int64_t cols, uint32_t seed);
  RandomMatrix(const RandomMatrix&) = delete;
  RandomMatrix& operator=(const RandomMatrix&) = delete;

 private:
  void fill_blocks(std::mt19937& random);
  void fill_side_arrays(std::mt19937& random);
};

inline std::vector<float> random_floats(int64_t n, uint32_t seed, float low = -1, float high = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> pick(low, high);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = pick(random);
  return values;
}

// y[r] of row r and one token in double, and the sum of the terms' magnitudes, which bounds any rounding error.
inline std::pair<double, double> exact_dot(const quant::Matrix& m, int64_t r, const float* x) {
  std::vector<float> row(static_cast<size_t>(m.cols));
  quant::format(m.format).decode_row(m, r, row.data());
  double sum = 0, magnitudes = 0;
  for (size_t c = 0; c < row.size(); ++c) {
    const double term = double{row[c]} * double{x[c]};
    sum += term;
    magnitudes += std::fabs(term);
  }
  return {sum, magnitudes};
}

inline RandomMatrix::RandomMatrix(quant::FormatId id, int64_t rows, int64_t cols, uint32_t seed) {
  std::mt19937 random(seed);
  view.format = id;
  view.rows = rows;
  view.cols = cols;
  data.resize(static_cast<size_t>(rows * quant::row_bytes(id, cols)) + 1);
  view.data = data.data() + 1;
  if (quant::format(id).side_arrays) fill_side_arrays(random);
  fill_blocks(random);
}

// Random bytes, drawn again until the block decodes to values of ordinary size: random scales are often not even
// finite.
inline void RandomMatrix::fill_blocks(std::mt19937& random) {
  const quant::Format& f = quant::format(view.format);
  std::vector<float> values(static_cast<size_t>(f.block));
  for (auto* block = data.data() + 1; block != data.data() + data.size(); block += f.block_bytes) {
    for (bool ordinary = false; !ordinary;) {
      for (int i = 0; i < f.block_bytes; ++i) block[i] = static_cast<std::byte>(random());
      if (view.scales != nullptr && f.id != quant::FormatId::fp8_e4m3) break;  // MLX: every code is ordinary
      const quant::Matrix one{.format = f.id, .rows = 1, .cols = f.block, .data = block};
      f.decode_row(one, 0, values.data());
      float highest = 0;
      ordinary = true;
      for (const float v : values) {
        ordinary = ordinary && std::isfinite(v);
        highest = std::max(highest, std::fabs(v));
      }
      ordinary = ordinary && highest > 0.05f && highest < 50;
    }
  }
}

inline void RandomMatrix::fill_side_arrays(std::mt19937& random) {
  const bool fp8 = view.format == quant::FormatId::fp8_e4m3;
  view.scale_type = quant::ScaleType::bf16;
  view.group = fp8 ? 128 : 64;
  view.group_rows = fp8 ? 128 : 1;
  const int64_t side_rows = (view.rows + view.group_rows - 1) / view.group_rows;
  const auto fill = [&](std::vector<std::byte>& side, float low, float high) {
    std::uniform_real_distribution<float> pick(low, high);
    side.resize(static_cast<size_t>(side_rows * quant::scale_row_bytes(view)) + 1);
    for (size_t i = 1; i < side.size(); i += 2) {
      const uint16_t bits = quant::f32_to_bf16(pick(random));
      std::memcpy(side.data() + i, &bits, sizeof bits);
    }
    return side.data() + 1;
  };
  view.scales = fill(scales, 0.01f, 0.1f);
  if (!fp8) view.biases = fill(biases, -1, 0);
}

}  // namespace sluice::kernels
