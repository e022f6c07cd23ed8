// Row decoders (contract: vector/matmul.h) for MLX affine 4 and 8 bits: w = scale * q + bias, scale and bias in side
// arrays, one pair a group of columns. Layout: docs/qwen3_5_moe.md, section 4.1.
#pragma once

#include "kernels/ref/ref.h"
#include "kernels/x86/decode.h"
#include "kernels/vector/matmul.h"

namespace sluice::kernels {
namespace {

// REQUIRES: cols % kColumns == 0, group a power of two times kColumns (matmul_mlx asks).
template <class V, int kBits, int kColumns>
struct DecodeMlx {
  static constexpr int kBlock = kColumns, kBytes = kColumns * kBits / 8;
  static constexpr bool kTail = false;
  const uint8_t* row;
  const uint8_t* scales;
  const uint8_t* biases;
  quant::ScaleType type;
  int blocks_shift;  // log2 of the blocks in a group

  void open(const quant::Matrix& m, int64_t r) {
    const int64_t groups = (m.cols + m.group - 1) / m.group;
    const int64_t side = r / m.group_rows * groups * (m.scale_type == quant::ScaleType::f32 ? 4 : 2);
    row = reinterpret_cast<const uint8_t*>(m.data) + r * (m.cols * kBits / 8);
    scales = reinterpret_cast<const uint8_t*>(m.scales) + side;
    biases = reinterpret_cast<const uint8_t*>(m.biases) + side;
    type = m.scale_type;
    blocks_shift = __builtin_ctz(static_cast<unsigned>(m.group / kColumns));
  }
  SLUICE_INLINE typename V::Reg side_value(const uint8_t* p, int64_t i) const {
    if (type == quant::ScaleType::f16) return V::set1(half_to_float(p + 2 * i));
    const uint32_t bits = type == quant::ScaleType::bf16 ? uint32_t{load_u16(p + 2 * i)} << 16 : load_u32(p + 4 * i);
    float f;
    __builtin_memcpy(&f, &bits, sizeof(f));
    return V::set1(f);
  }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    const int64_t g = b >> blocks_shift;
    const typename V::Reg scale = side_value(scales, g), bias = side_value(biases, g);
    const uint8_t* p = row + b * kBytes;
    if constexpr (kBits == 4) {
      const typename V::Affine4 w(scale, V::sub(V::zero(), bias));
      unroll<kColumns / V::kLanes>(
          [&](auto i) SLUICE_LAMBDA { sink(i.value, w.low(V::nibble_stream(p + i.value * V::kLanes / 2))); });
    } else {
      unroll<kColumns / V::kLanes>([&](auto i) SLUICE_LAMBDA {
        sink(i.value, V::fma(V::to_float(V::widen_u8(p + i.value * V::kLanes)), scale, bias));
      });
    }
  }
};

template <int kColumns>
SLUICE_INLINE bool mlx_blocks_fit(const quant::Matrix& m) {
  const int64_t blocks = m.group / kColumns;
  return m.cols % kColumns == 0 && m.group % kColumns == 0 && (blocks & (blocks - 1)) == 0;
}

// Groups of 32, 64 and 128, the ones MLX writes; anything else goes the slow, general way.
template <class V, int kBits>
void matmul_mlx(const MatMulArgs& a) {
  if (mlx_blocks_fit<64>(*a.w)) return matmul<V, DecodeMlx<V, kBits, 64>>(a);
  if (mlx_blocks_fit<32>(*a.w)) return matmul<V, DecodeMlx<V, kBits, 32>>(a);
  ref::matmul(a);
}

}  // namespace
}  // namespace sluice::kernels
