// A tile of weights for integer products: V::kLanes rows x 256 columns of a matrix as unsigned bytes, four columns of
// a row side by side in a 32-bit lane, one row a lane, with the scales and offsets of each row's groups. What the
// formats' builders (x86/integer_k.h, integer_q32.h, integer_mlx.h) fill and x86/integer_matmul.h multiplies.
//
// A builder F<V>: kBlock (columns it builds at a time: 32 or 256), kBytes (their bytes in a row), kHalves (1: a scale
// covers 32 columns, 2: 16), kOffsets, kBias (what was added to the integers to make them unsigned), and
// build(source, group, tile), which fills the tile's groups from `group` on.
#pragma once

#include "kernels/x86/decode.h"

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
  int64_t first_group;  // of the tile, in its row
};

template <class V>
struct Tile {
  typename V::Int weights[kTileGroups][8];
  typename V::Reg scales[kTileGroups * 2], offsets[kTileGroups * 2];
};

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
