// Tile builders (contract: vector/integer_tile.h) for MLX affine 4 and 8 bits: codes in a bit stream, scales and biases in
// side arrays, a pair for every 32, 64 or 128 columns.
#pragma once

#include "kernels/vector/integer_matmul.h"

namespace sluice::kernels {
namespace {

constexpr int64_t kMostEvenFirst = 8192;  // columns put in order on the stack
constexpr int64_t kSideAhead = 512;       // bytes of a side array, more than a tile of short rows has

// The i-th four columns of eight 4-bit codes a lane: in order, or with kEvenFirst the even columns before the odd ones, which
// is how nibbles come apart.
template <class V, int kGroup, int i, bool kEvenFirst, class Sink>
SLUICE_INLINE void put_nibbles(typename V::Int codes, Sink& sink) {
  typename V::Int first = bits_of<V, 0>(codes, 15), second = bits_of<V, 4>(codes, 15);
  if constexpr (!kEvenFirst) V::interleave_bytes(first, second, first, second);
  sink.template put<kGroup, i>(first);
  sink.template put<kGroup, i + 1>(second);
}

// Eight words of codes a row: 32 or 64 columns, from group kGroup on.
template <class V, int kBits, int kGroup, bool kEvenFirst, class Sink>
SLUICE_INLINE void build_codes(const Rows& at, Sink& sink) {
  typename V::Int q[8];
  V::columns8(at, q);
  unroll<8>([&](auto i) SLUICE_LAMBDA {
    if constexpr (kBits == 8) {
      sink.template put<kGroup, i.value>(q[i.value]);
    } else {
      put_nibbles<V, kGroup + i.value / 4, 2 * (i.value % 4), kEvenFirst>(q[i.value], sink);
    }
  });
}

// Side arrays of any type, a pair for any multiple of 32 columns.
template <class V, int kBits>
struct IntegerMlx {
  static constexpr int kBlock = 32, kBytes = 4 * kBits, kHalves = 1, kBias = 0, kMost = kBits == 8 ? 255 : 15;
  static constexpr bool kOffsets = true;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    const int64_t at = from.group / from.scale_groups;
    sink.template scale<0>(side(from.scales, from.type, at));
    sink.template offset<0>(side(from.biases, from.type, at));
    if constexpr (kBits == 8) {
      build_codes<V, 8, 0, false>(from.data, sink);
    } else {
      typename V::Int q[4];
      V::columns4(from.data, q);
      unroll<4>([&](auto i) SLUICE_LAMBDA { put_nibbles<V, 0, 2 * i.value, false>(q[i.value], sink); });
    }
  }

 private:
  // Element `at` of every row's side array.
  static SLUICE_INLINE typename V::Reg side(const Rows& rows, quant::ScaleType type, int64_t at) {
    if (type == quant::ScaleType::f32) return V::as_float(V::words(rows.at(4 * at)));
    const typename V::Int half = V::half_words(rows.at(2 * at));
    return type == quant::ScaleType::f16 ? V::half_low(half) : V::as_float(V::template shift_left<16>(half));
  }
};

// 256 columns with bfloat16 side arrays, a pair for 32 * kScaleGroups columns: loads a block's at once, and asks for those of
// the rows that follow. kEvenFirst: for activations in that order, too.
template <class V, int kBits, int kScaleGroups, bool kEvenFirst = false>
struct IntegerMlxWide {
  static constexpr int kBlock = 256, kBytes = 32 * kBits, kHalves = 1, kBias = 0, kMost = kBits == 8 ? 255 : 15;
  static constexpr bool kOffsets = true;
  static constexpr int kWords = 4 / kScaleGroups;  // of 32 bits: two elements
  static constexpr int kSideLines = (4 * kWords * V::kLanes + 63) / 64;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    typename V::Int scales[kWords], biases[kWords];
    const int64_t at = 2 * (from.group / kScaleGroups);
    load(from.scales.at(at), scales);
    load(from.biases.at(at), biases);
    const uint8_t* ahead[2] = {following(from.scales, at), following(from.biases, at)};
    constexpr int kGroups = kBits == 8 ? 1 : 2;  // of eight words
    unroll<8 / kGroups>([&](auto step) SLUICE_LAMBDA {
      constexpr int first = step.value * kGroups;
      unroll<kGroups>([&](auto i) SLUICE_LAMBDA {
        constexpr int g = first + i.value;
        sink.template scale<g>(element<g / kScaleGroups>(scales));
        sink.template offset<g>(element<g / kScaleGroups>(biases));
        if constexpr (g / 2 < kSideLines) prefetch_here(ahead[g % 2] + 64 * (g / 2));
      });
      build_codes<V, kBits, first, kEvenFirst>(from.data.at(4 * kBits * first), sink);
    });
  }

 private:
  static SLUICE_INLINE void load(const Rows& rows, typename V::Int* words) {
    if constexpr (kWords == 4) V::columns4(rows, words);
    if constexpr (kWords == 2) V::columns2(rows, words);
    if constexpr (kWords == 1) words[0] = V::words(rows);
  }
  // Rows stand one after the other, so what is asked for in a tile's blocks is as much as the next tile's blocks load.
  static SLUICE_INLINE const uint8_t* following(const Rows& rows, int64_t at) {
    return rows.first + V::kLanes * (rows.stride + at) + kSideAhead;
  }
  template <int i>
  static SLUICE_INLINE typename V::Reg element(const typename V::Int* words) {
    const typename V::Int word = words[i / 2];
    return V::as_float(i % 2 == 0 ? V::template shift_left<16>(word) : V::bit_and(word, V::set1_int(-65536)));
  }
};

// One token's product with activations put in order anew: the codes then need not be.
template <class V, class P, class F>
__attribute__((noinline)) void even_first_matvec(const MatMulArgs& a) {
  alignas(64) std::byte row[quantised_bytes(kMostEvenFirst)];
  const int64_t heads = heads_at(a.w->cols);
  for (int64_t i = 0; i < heads; i += kGroupBytes) P::Order::even_first(a.quantised + i, row + i);
  __builtin_memcpy(row + heads, a.quantised + heads, static_cast<size_t>(a.w->cols / 32) * sizeof(GroupHead));
  MatMulArgs ordered = a;
  ordered.quantised = row;
  integer_vectors<V, P, F, 1>(ordered, TileReader<V, F>(*a.w));
}

// The first rows' side arrays, asked for before all else.
template <class V>
SLUICE_INLINE void prefetch_sides(const MatMulArgs& a, int64_t row_bytes) {
  const int64_t rows = a.row_end - a.row_begin;
  const int64_t bytes = (rows < V::kLanes ? rows : V::kLanes) * row_bytes;
  for (const std::byte* side : {a.w->scales, a.w->biases}) {
    const auto* p = reinterpret_cast<const uint8_t*>(side) + a.row_begin * row_bytes;
    for (int64_t i = 0; i < bytes + kSideAhead; i += 64) prefetch_here(p + i);
  }
}

template <class V, class P, int kBits, int kScaleGroups>
SLUICE_INLINE void integer_matmul_wide(const MatMulArgs& a) {
  if (a.tokens == 1) prefetch_sides<V>(a, a.w->cols / (16 * kScaleGroups));
  if constexpr (kBits == 4 && requires { P::Order::even_first(a.quantised, nullptr); }) {
    if (a.tokens == 1 && a.w->cols <= kMostEvenFirst) {
      return even_first_matvec<V, P, IntegerMlxWide<V, kBits, kScaleGroups, true>>(a);
    }
  }
  integer_matmul<V, P, IntegerMlxWide<V, kBits, kScaleGroups>>(a);
}

template <class V, class P, int kBits>
void integer_matmul_mlx(const MatMulArgs& a) {
  const quant::Matrix& w = *a.w;
  if (w.cols % 256 == 0 && w.scale_type == quant::ScaleType::bf16) {
    if (w.group == 32) return integer_matmul_wide<V, P, kBits, 1>(a);
    if (w.group == 64) return integer_matmul_wide<V, P, kBits, 2>(a);
    if (w.group == 128) return integer_matmul_wide<V, P, kBits, 4>(a);
  }
  integer_matmul<V, P, IntegerMlx<V, kBits>>(a);
}

}  // namespace
}  // namespace sluice::kernels
