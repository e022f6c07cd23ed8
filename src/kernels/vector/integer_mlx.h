// Tile builders (contract: vector/integer_tile.h) for MLX affine 4 and 8 bits: codes in a bit stream, scales and biases in
// side arrays, a pair for every 32, 64 or 128 columns.
#pragma once

#include "kernels/vector/integer_matmul.h"

namespace sluice::kernels {
namespace {

// 32 columns of codes.
template <class V, int kBits, int kGroup, class Sink>
SLUICE_INLINE void build_codes(const Rows& at, Sink& sink) {
  if constexpr (kBits == 8) {
    typename V::Int q[8];
    V::columns8(at, q);
    unroll<8>([&](auto i) SLUICE_LAMBDA { sink.template put<kGroup, i.value>(q[i.value]); });
  } else {
    typename V::Int both[4];  // eight columns a lane, low nibbles first
    V::columns4(at, both);
    unroll<4>([&](auto i) SLUICE_LAMBDA {
      typename V::Int first, second;
      V::interleave_bytes(bits_of<V, 0>(both[i.value], 15), bits_of<V, 4>(both[i.value], 15), first, second);
      sink.template put<kGroup, 2 * i.value>(first);
      sink.template put<kGroup, 2 * i.value + 1>(second);
    });
  }
}

// Side arrays of any type, a pair for any multiple of 32 columns.
template <class V, int kBits>
struct IntegerMlx {
  static constexpr int kBlock = 32, kBytes = 4 * kBits, kHalves = 1, kBias = 0;
  static constexpr bool kOffsets = true;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    const int64_t at = from.group / from.scale_groups;
    sink.template scale<0>(side(from.scales, from.type, at));
    sink.template offset<0>(side(from.biases, from.type, at));
    build_codes<V, kBits, 0>(from.data, sink);
  }

 private:
  // Element `at` of every row's side array.
  static SLUICE_INLINE typename V::Reg side(const Rows& rows, quant::ScaleType type, int64_t at) {
    if (type == quant::ScaleType::f32) return V::as_float(V::words(rows.at(4 * at)));
    const typename V::Int half = V::half_words(rows.at(2 * at));
    return type == quant::ScaleType::f16 ? V::half_low(half) : V::as_float(V::template shift_left<16>(half));
  }
};

// 256 columns with bfloat16 side arrays, a pair for 32 * kScaleGroups columns: loads a block's at once.
template <class V, int kBits, int kScaleGroups>
struct IntegerMlxWide {
  static constexpr int kBlock = 256, kBytes = 32 * kBits, kHalves = 1, kBias = 0;
  static constexpr bool kOffsets = true;
  static constexpr int kWords = 4 / kScaleGroups;  // of 32 bits: two elements
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    typename V::Int scales[kWords], biases[kWords];
    const int64_t at = 2 * (from.group / kScaleGroups);
    load(from.scales.at(at), scales);
    load(from.biases.at(at), biases);
    unroll<8>([&](auto g) SLUICE_LAMBDA {
      sink.template scale<g.value>(element<g.value / kScaleGroups>(scales));
      sink.template offset<g.value>(element<g.value / kScaleGroups>(biases));
      build_codes<V, kBits, g.value>(from.data.at(4 * kBits * g.value), sink);
    });
  }

 private:
  static SLUICE_INLINE void load(const Rows& rows, typename V::Int* words) {
    if constexpr (kWords == 4) {
      V::columns4(rows, words);
    } else {
      unroll<kWords>([&](auto i) SLUICE_LAMBDA { words[i.value] = V::words(rows.at(4 * i.value)); });
    }
  }
  template <int i>
  static SLUICE_INLINE typename V::Reg element(const typename V::Int* words) {
    const typename V::Int word = words[i / 2];
    return V::as_float(i % 2 == 0 ? V::template shift_left<16>(word) : V::bit_and(word, V::set1_int(-65536)));
  }
};

template <class V, class P, int kBits>
void integer_matmul_mlx(const MatMulArgs& a) {
  const quant::Matrix& w = *a.w;
  if (w.cols % 256 == 0 && w.scale_type == quant::ScaleType::bf16) {
    if (w.group == 32) return integer_matmul<V, P, IntegerMlxWide<V, kBits, 1>>(a);
    if (w.group == 64) return integer_matmul<V, P, IntegerMlxWide<V, kBits, 2>>(a);
    if (w.group == 128) return integer_matmul<V, P, IntegerMlxWide<V, kBits, 4>>(a);
  }
  integer_matmul<V, P, IntegerMlx<V, kBits>>(a);
}

}  // namespace
}  // namespace sluice::kernels
