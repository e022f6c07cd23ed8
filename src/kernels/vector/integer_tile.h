// Weights for integer products as V::kLanes rows side by side: unsigned bytes, four columns of a row in a 32-bit lane, one
// row a lane, with the scales and offsets of each row's groups. What the formats' builders (vector/integer_k.h,
// integer_q32.h, integer_mlx.h) make and vector/integer_matmul.h multiplies.
//
// A builder F<V>: kBlock (columns it builds at a time: 32 or 256), kBytes (their bytes in a row), kHalves (1: a scale
// covers 32 columns, 2: 16), kOffsets, kBias (what was added to the integers to make them unsigned), kMost
// (the largest of them then), and build(source, sink), which calls sink.scale<j>(v) and, with kOffsets, sink.offset<j>(v), j
// counting kHalves a group, then sink.put<group, i>(the i-th four columns of the block's group): groups in order, i ascending.
// One whose groups would be much code takes them in rounds, a loop: kRound of them, put<group in the round, i>(columns, the
// round's first group).
#pragma once

#include <cstdint>

#include "kernels/vector/unroll.h"
#include "quant/format.h"

namespace sluice::kernels {
namespace {

constexpr int64_t kTileCols = 256;
constexpr int kTileGroups = 8;

// The same place in V::kLanes rows, `stride` bytes apart.
struct Rows {
  const uint8_t* first;
  int64_t stride;
  SLUICE_INLINE Rows at(int64_t bytes) const { return {first + bytes, stride}; }
};

// Where a builder reads: blocks, and for MLX the rows' side arrays, one element for `scale_groups` groups of 32 columns.
struct TileSource {
  Rows data;
  Rows scales, biases;
  quant::ScaleType type;
  int64_t scale_groups;
  int64_t group;  // of 32 columns, in the row: where `data` points
};

// 256 columns kept on the stack for several tokens.
template <class V>
struct Tile {
  typename V::Int weights[kTileGroups][8];
  typename V::Reg scales[kTileGroups * 2], offsets[kTileGroups * 2];
};

// Puts a block's groups into the tile, from `first` on.
template <class V, class F>
struct TileSink {
  Tile<V>& tile;
  int first;
  template <int kGroup, int i>
  SLUICE_INLINE void put(typename V::Int v, int round = 0) { tile.weights[first + round + kGroup][i] = v; }
  template <int j>
  SLUICE_INLINE void scale(typename V::Reg v) { tile.scales[first * F::kHalves + j] = v; }
  template <int j>
  SLUICE_INLINE void offset(typename V::Reg v) { tile.offsets[first * F::kHalves + j] = v; }
};

// How many groups a builder puts before it begins again at put<0, 0>.
template <class F>
constexpr int round_of() {
  if constexpr (requires { F::kRound; }) return F::kRound;
  return F::kBlock / 32;
}

// The bytes of `v` in `mask`, shifted right by kShift within each 16-bit half first.
template <class V, int kShift>
SLUICE_INLINE typename V::Int bits_of(typename V::Int v, int mask) {
  return V::bit_and(kShift == 0 ? v : V::template shift_right16<kShift>(v), V::set_bytes(mask));
}

// Bits kFrom .. of each byte of `v` in `mask`, moved to begin at bit kTo.
template <class V, int kFrom, int kTo>
SLUICE_INLINE typename V::Int moved_bits(typename V::Int v, int mask) {
  const typename V::Int kept = V::bit_and(v, V::set_bytes(mask << kFrom));
  if constexpr (kFrom > kTo) return V::template shift_right16<kFrom - kTo>(kept);
  if constexpr (kFrom < kTo) return V::template shift_left16<kTo - kFrom>(kept);
  return kept;
}

}  // namespace
}  // namespace sluice::kernels
