// Integer products in AMX's tile registers: the weights of a group, as vector/integer_tile.h lays them out, are a tile of
// [k / 4][row][4] unsigned bytes, the activations of up to 16 tokens one of [token][k] signed bytes, and TDPBSUD sums their
// products in [token][row] of int32: once for the activations' upper bytes and once for the lower ones. Scales then go over
// the sums in vectors, as without tiles.
#pragma once

#include "kernels/x86_avx512_vnni/byte_product.h"

namespace sluice::kernels::amx {
namespace {

constexpr int64_t kTileTokens = 16;
constexpr int64_t kFewestTokens = 5;  // fewer are faster in vectors

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t column_bytes[16] = {};
  uint8_t rows[16] = {};
};

// Tile registers: 0, 1 sums and 2, 3 activations of 16 tokens; 4 weights; 5, 7 sums and 6 activations of the rest.
template <class F>
struct TileScope {
  explicit TileScope(int64_t tokens) {
    constexpr uint8_t kBytes = 32 / F::kHalves;
    const auto rest = static_cast<uint8_t>(tokens % kTileTokens == 0 ? 1 : tokens % kTileTokens);
    TileConfig c;
    for (const int t : {0, 1}) c.rows[t] = kTileTokens, c.column_bytes[t] = 64;
    for (const int t : {2, 3}) c.rows[t] = kTileTokens, c.column_bytes[t] = kBytes;
    c.rows[4] = kBytes / 4, c.column_bytes[4] = 64;
    for (const int t : {5, 7}) c.rows[t] = rest, c.column_bytes[t] = 64;
    c.rows[6] = rest, c.column_bytes[6] = kBytes;
    _tile_loadconfig(&c);
  }
  ~TileScope() { _tile_release(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

// Few: the product of tokens too few for tiles, of the same bytes; kLower: whether the lower bytes count.
template <class Few, bool kLower>
struct BasicTileProduct : Few {
  static_assert(Few::kDirect < kFewestTokens, "so few tokens are multiplied without a TileScope");
  using V = avx512::IntegerVec;

  struct Sums {
    V::Int upper[kTileTokens], lower[kLower ? kTileTokens : 1];
  };

  template <class F, bool kWhole>
  static SLUICE_INLINE void sum(const V::Int* weights, const std::byte* x, int64_t ldq, Sums& sums) {
    _tile_loadd(4, weights, 64);
    if constexpr (kWhole) {
      _tile_zero(0);
      _tile_loadd(2, x, ldq);
      _tile_dpbsud(0, 2, 4);
      _tile_stored(0, sums.upper, 64);
      if constexpr (kLower) {
        _tile_zero(1);
        _tile_loadd(3, x + 32, ldq);
        _tile_dpbsud(1, 3, 4);
        _tile_stored(1, sums.lower, 64);
      }
    } else {
      _tile_zero(5);
      _tile_loadd(6, x, ldq);
      _tile_dpbsud(5, 6, 4);
      _tile_stored(5, sums.upper, 64);
      if constexpr (kLower) {
        _tile_zero(7);
        _tile_loadd(6, x + 32, ldq);
        _tile_dpbsud(7, 6, 4);
        _tile_stored(7, sums.lower, 64);
      }
    }
  }

  template <class F, int kHalf>
  static SLUICE_INLINE void scale(const Tile<V>& tile, int g, const Sums& sums, const GroupHead* head, int64_t ldq,
                                  int64_t tokens, V::Reg* acc) {
    const V::Reg s = tile.scales[g * F::kHalves + kHalf];
    for (int64_t t = 0; t < tokens; t++) {
      const auto& h = *reinterpret_cast<const GroupHead*>(reinterpret_cast<const std::byte*>(head) + t * ldq);
      V::Int dot = V::template shift_left<8>(sums.upper[t]);
      if constexpr (kLower) dot = V::add_int(dot, sums.lower[t]);
      if constexpr (F::kBias != 0) dot = V::add_int(dot, V::set1_int(-F::kBias * sum_of<F, kHalf>(h)));
      V::Reg a = V::fma(V::to_float(dot), V::mul(s, V::set1(h.scale)), acc[t]);
      if constexpr (F::kOffsets) {
        a = V::fma(tile.offsets[g * F::kHalves + kHalf], V::set1(scaled_sum_of<F, kHalf>(h)), a);
      }
      acc[t] = a;
    }
  }

  template <class F, bool kWhole>
  static inline void multiply_tokens(const Tile<V>& tile, int groups, const std::byte* x, const GroupHead* head,
                                     int64_t ldq, int64_t tokens, V::Reg* acc) {
    constexpr int kWords = 8 / F::kHalves;
    Sums sums[2];  // two, so that one group's sums are scaled while the next one's are taken
    for (int g = 0; g < groups; g++) {
      unroll<F::kHalves>([&](auto half) SLUICE_LAMBDA {
        constexpr int h = half.value;
        Sums& s = sums[F::kHalves == 2 ? h : g & 1];
        sum<F, kWhole>(tile.weights[g] + h * kWords, x + g * kGroupBytes + 4 * h * kWords, ldq, s);
        scale<F, h>(tile, g, s, head + g, ldq, tokens, acc);
      });
    }
  }

  // The tile's first `groups` groups with all tokens. REQUIRES: a TileScope for `tokens`, or fewer than kFewestTokens.
  template <class F>
  static inline void multiply(const Tile<V>& tile, int groups, const std::byte* x, const GroupHead* head, int64_t ldq,
                              int64_t tokens, V::Reg* acc) {
    const auto head_at = [&](int64_t t) SLUICE_LAMBDA {
      return reinterpret_cast<const GroupHead*>(reinterpret_cast<const std::byte*>(head) + t * ldq);
    };
    int64_t t = 0;
    for (; t + kTileTokens <= tokens; t += kTileTokens) {
      multiply_tokens<F, true>(tile, groups, x + t * ldq, head_at(t), ldq, kTileTokens, acc + t);
    }
    const int64_t rest = tokens - t;
    if (rest >= kFewestTokens) {
      multiply_tokens<F, false>(tile, groups, x + t * ldq, head_at(t), ldq, rest, acc + t);
    } else if (rest > 0) {
      multiply_integer_tile<V, Few, F>(tile, groups, x + t * ldq, head_at(t), ldq, rest, acc + t);
    }
  }

  template <class F>
  using Scope = TileScope<F>;
};
using TileProduct = BasicTileProduct<avx512_vnni::ByteProduct, true>;
using UpperTileProduct = BasicTileProduct<avx512_vnni::UpperByteProduct, false>;

}  // namespace
}  // namespace sluice::kernels::amx
