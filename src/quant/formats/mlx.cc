// MLX affine quantisation: w = scale * q + bias, q an unsigned integer of 2 to 8 bits in a little-endian bit stream,
// scale and bias in side arrays, one pair a group of columns. Layout: docs/qwen3_5_moe.md, section 4.1.
#include "quant/formats/block.h"
#include "quant/formats/formats.h"

namespace sluice::quant {
namespace {

// A block is the fewest elements that fill whole bytes; every group begins at one.
template <int kBits, int kBlock, int kBytes>
void decode_affine(const Matrix& m, int64_t r, float* out) {
  static_assert(kBits * kBlock == kBytes * 8);
  const auto* p = reinterpret_cast<const uint8_t*>(m.data) + r * (m.cols / kBlock) * kBytes;
  const int64_t side_row = r / m.group_rows * scale_row_bytes(m);
  for (int64_t begin = 0, g = 0; begin < m.cols; begin += m.group, ++g) {
    const float scale = load_scale(m.scales + side_row, m.scale_type, g);
    const float bias = load_scale(m.biases + side_row, m.scale_type, g);
    const int64_t end = begin + m.group < m.cols ? begin + m.group : m.cols;
    for (int64_t c = begin; c < end; c += kBlock, p += kBytes) {
      uint64_t bits = 0;
      std::memcpy(&bits, p, kBytes);
      for (int i = 0; i < kBlock; ++i) {
        out[c + i] = scale * static_cast<float>((bits >> (kBits * i)) & ((1u << kBits) - 1)) + bias;
      }
    }
  }
}

// 4 or 8 bits as integers: one pair of scale and bias, repeated for every 32 columns of its group.
template <int kBits>
void split_affine(const Matrix& m, int64_t r, const Integers& out) {
  const auto* p = reinterpret_cast<const uint8_t*>(m.data) + r * m.cols * kBits / 8;
  const int64_t side_row = r / m.group_rows * scale_row_bytes(m);
  for (int64_t g = 0; g * kIntegerGroup < m.cols; ++g) {
    out.scale[g] = load_scale(m.scales + side_row, m.scale_type, g * kIntegerGroup / m.group);
    out.offset[g] = load_scale(m.biases + side_row, m.scale_type, g * kIntegerGroup / m.group);
  }
  for (int64_t c = 0; c < m.cols; ++c) out.q[c] = kBits == 8 ? p[c] : (p[c / 2] >> (4 * (c % 2))) & 15;
}

}  // namespace

void decode_mlx2(const Matrix& m, int64_t r, float* out) {
  decode_affine<2, 4, 1>(m, r, out);
}
void decode_mlx3(const Matrix& m, int64_t r, float* out) {
  decode_affine<3, 8, 3>(m, r, out);
}
void decode_mlx4(const Matrix& m, int64_t r, float* out) {
  decode_affine<4, 2, 1>(m, r, out);
}
void decode_mlx5(const Matrix& m, int64_t r, float* out) {
  decode_affine<5, 8, 5>(m, r, out);
}
void decode_mlx6(const Matrix& m, int64_t r, float* out) {
  decode_affine<6, 4, 3>(m, r, out);
}
void decode_mlx8(const Matrix& m, int64_t r, float* out) {
  decode_affine<8, 1, 1>(m, r, out);
}

void split_mlx4(const Matrix& m, int64_t r, const Integers& out) {
  split_affine<4>(m, r, out);
}
void split_mlx8(const Matrix& m, int64_t r, const Integers& out) {
  split_affine<8>(m, r, out);
}

}  // namespace sluice::quant
