// Tile builders (contract: x86/integer_tile.h) for MLX affine 4 and 8 bits: codes in a bit stream, scales and biases in
// side arrays, a pair for every 32, 64 or 128 columns.
#pragma once

#include "kernels/x86/integer_tile.h"

namespace sluice::kernels {
namespace {

template <class V, int kBits>
struct IntegerMlx {
  static constexpr int kBlock = 32, kBytes = 4 * kBits, kHalves = 1, kBias = 0;
  static constexpr bool kOffsets = true;
  static SLUICE_INLINE void build(const TileSource& from, int group, Tile<V>& tile) {
    const int64_t at = (from.first_group + group) / from.scale_groups;
    tile.scales[group] = side(from.scales, from.type, at);
    tile.offsets[group] = side(from.biases, from.type, at);
    if constexpr (kBits == 8) {
      V::columns8(from.data, tile.weights[group]);
    } else {
      typename V::Int both[4];  // eight columns a lane, low nibbles first
      V::columns4(from.data, both);
      unroll<4>([&](auto i) SLUICE_LAMBDA {
        V::interleave_bytes(bits_of<V, 0>(both[i.value], 15), bits_of<V, 4>(both[i.value], 15),
                            tile.weights[group][2 * i.value], tile.weights[group][2 * i.value + 1]);
      });
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

}  // namespace
}  // namespace sluice::kernels
