// Tile builders (contract: vector/integer_tile.h) for the GGML formats of 32 columns a block: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1,
// IQ4_NL, MXFP4. Block layouts: docs/qwen3_5_moe.md, section 6.
#pragma once

#include "kernels/vector/integer_tile.h"

namespace sluice::kernels {
namespace {

// 16 bytes of nibbles a row: the low ones are the first 16 columns.
template <class V, int kGroup, class Sink, class Map>
SLUICE_INLINE void build_nibbles(const Rows& at, Sink& sink, Map&& map) {
  typename V::Int both[4];
  V::columns4(at, both);
  unroll<4>([&](auto i) SLUICE_LAMBDA { sink.template put<kGroup, i.value>(map(bits_of<V, 0>(both[i.value], 15), i)); });
  unroll<4>([&](auto i) SLUICE_LAMBDA {
    sink.template put<kGroup, 4 + i.value>(map(bits_of<V, 4>(both[i.value], 15), Index<4 + i.value>{}));
  });
}

template <class V>
struct IntegerQ80 {
  static constexpr int kBlock = 32, kBytes = 34, kHalves = 1, kBias = 128, kMost = 255;
  static constexpr bool kOffsets = false;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    sink.template scale<0>(V::half_low(V::words(from.data)));
    typename V::Int q[8];
    V::columns8(from.data.at(2), q);
    unroll<8>([&](auto i) SLUICE_LAMBDA {
      sink.template put<0, i.value>(V::bit_xor(q[i.value], V::set_bytes(128)));
    });
  }
};

template <class V, bool kMinimum>
struct IntegerQ4 {
  static constexpr int kBlock = 32, kBytes = kMinimum ? 20 : 18, kHalves = 1, kBias = kMinimum ? 0 : 8, kMost = 15;
  static constexpr bool kOffsets = kMinimum;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    const typename V::Int head = V::words(from.data);
    sink.template scale<0>(V::half_low(head));
    if constexpr (kMinimum) sink.template offset<0>(V::half_high(head));
    build_nibbles<V, 0>(from.data.at(kBytes - 16), sink, [](auto q, auto) SLUICE_LAMBDA { return q; });
  }
};

// The fifth bit of column j is bit j of a 32-bit word: bits 4i .. 4i + 3 belong to the four bytes of lane vector i.
template <class V, bool kMinimum>
struct IntegerQ5 {
  static constexpr int kBlock = 32, kBytes = kMinimum ? 24 : 22, kHalves = 1, kBias = kMinimum ? 0 : 16, kMost = 31;
  static constexpr bool kOffsets = kMinimum;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    const typename V::Int head = V::words(from.data), high = V::words(from.data.at(kBytes - 20));
    sink.template scale<0>(V::half_low(head));
    if constexpr (kMinimum) sink.template offset<0>(V::half_high(head));
    build_nibbles<V, 0>(from.data.at(kBytes - 16), sink, [&](auto q, auto i) SLUICE_LAMBDA {
      return V::bit_or(q, spread<4 * i.value>(high));
    });
  }
  // Bits kFirst .. kFirst + 3 of each lane, one a byte, each at bit 4.
  template <int kFirst>
  static SLUICE_INLINE typename V::Int spread(typename V::Int word) {
    const typename V::Int four = V::bit_and(V::template shift_right<kFirst>(word), V::set1_int(15));
    // Bit b moves to bit 8b + 4: times 1 + 2^7 + 2^14 + 2^21, then shifted by 4.
    const typename V::Int bytes = V::bit_and(V::multiply(four, V::set1_int(0x00204081)), V::set1_int(0x01010101));
    return V::template shift_left<4>(bytes);
  }
};

// Sixteen values, the highest nibble's last, each plus the format's bias.
struct Codebook {
  uint8_t values[16];
};
constexpr Codebook kIq4Codes = {{1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241}};
constexpr Codebook kFp4Codes = {{12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0}};

template <class V>
struct IntegerIq4Nl {
  static constexpr int kBlock = 32, kBytes = 18, kHalves = 1, kBias = 128, kMost = 241;
  static constexpr bool kOffsets = false;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    sink.template scale<0>(V::half_low(V::words(from.data)));
    const typename V::Int codes = V::repeat16(kIq4Codes.values);
    build_nibbles<V, 0>(from.data.at(2), sink,
                     [&](auto q, auto) SLUICE_LAMBDA { return V::look_up(codes, q); });
  }
};

template <class V>
struct IntegerMxfp4 {
  static constexpr int kBlock = 32, kBytes = 17, kHalves = 1, kBias = 12, kMost = 24;
  static constexpr bool kOffsets = false;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    const typename V::Int e = V::bit_and(V::words(from.data), V::set1_int(255));
    sink.template scale<0>(half_of_pow2(e));
    const typename V::Int codes = V::repeat16(kFp4Codes.values);
    build_nibbles<V, 0>(from.data.at(1), sink,
                     [&](auto q, auto) SLUICE_LAMBDA { return V::look_up(codes, q); });
  }
  // 2^(e - 128), half the stored scale since the codebook's values are doubled; e of 0 and 1 give subnormals.
  static SLUICE_INLINE typename V::Reg half_of_pow2(typename V::Int e) {
    const typename V::Int tiny = V::shift_left_each(V::set1_int(0x00200000), e);
    const typename V::Int rest = V::template shift_left<23>(V::add_int(e, V::set1_int(-1)));
    return V::as_float(V::if_greater(V::set1_int(2), e, tiny, rest));
  }
};

}  // namespace
}  // namespace sluice::kernels
