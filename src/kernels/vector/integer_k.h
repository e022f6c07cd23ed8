// Tile builders (contract: vector/integer_tile.h) for the GGML formats of 256 columns a block: Q2_K .. Q6_K, IQ4_XS. Block
// layouts: docs/qwen3_5_moe.md, section 6.
#pragma once

#include "kernels/vector/integer_q32.h"

namespace sluice::kernels {
namespace {

// d, dmin and twelve bytes of 6-bit scales and minima in front of Q4_K and Q5_K blocks.
template <class V, class Sink>
SLUICE_INLINE void build_scales_minima(const Rows& at, Sink& sink) {
  typename V::Int head[4];  // d | dmin << 16, then the twelve bytes as words a, b, c
  V::columns4(at, head);
  const typename V::Reg d = V::half_low(head[0]), dmin = V::sub(V::zero(), V::half_high(head[0]));
  const typename V::Int six = V::set_bytes(63), low = V::set_bytes(15), top = V::set_bytes(48);
  const typename V::Int a = head[1], b = head[2], c = head[3];
  // Four numbers a word: scales 0..3, scales 4..7, minima likewise.
  const typename V::Int words[4] = {
      V::bit_and(a, six),
      V::bit_or(V::bit_and(c, low), V::bit_and(V::template shift_right<2>(a), top)),
      V::bit_and(b, six),
      V::bit_or(V::bit_and(V::template shift_right<4>(c), low), V::bit_and(V::template shift_right<2>(b), top))};
  unroll<8>([&](auto g) SLUICE_LAMBDA {
    constexpr int w = g.value / 4, i = g.value % 4;
    sink.template scale<g.value>(V::mul(V::to_float(V::template byte_of<i>(words[w])), d));
    sink.template offset<g.value>(V::mul(V::to_float(V::template byte_of<i>(words[2 + w])), dmin));
  });
}

template <class V>
struct IntegerQ4K {
  static constexpr int kBlock = 256, kBytes = 144, kRound = 2, kHalves = 1, kBias = 0, kMost = 15;
  static constexpr bool kOffsets = true;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    build_scales_minima<V>(from.data, sink);
#pragma GCC unroll 1
    for (int g = 0; g < 8; g += kRound) {  // 32 bytes: low nibbles are one group, high ones the next
      typename V::Int both[8];
      V::columns8(from.data.at(16 + 16 * g), both);
      unroll<8>([&](auto i) SLUICE_LAMBDA {
        sink.template put<0, i.value>(bits_of<V, 0>(both[i.value], 15), g);
        sink.template put<1, i.value>(bits_of<V, 4>(both[i.value], 15), g);
      });
    }
  }
};

template <class V>
struct IntegerQ5K {
  static constexpr int kBlock = 256, kBytes = 176, kRound = 2, kHalves = 1, kBias = 0, kMost = 31;
  static constexpr bool kOffsets = true;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    build_scales_minima<V>(from.data, sink);
    typename V::Int high[8];  // bit k of a byte: the fifth bit in the round's group k
    V::columns8(from.data.at(16), high);
#pragma GCC unroll 1
    for (int g = 0; g < 8; g += kRound) {
      typename V::Int both[8];
      V::columns8(from.data.at(48 + 16 * g), both);
      unroll<8>([&](auto i) SLUICE_LAMBDA {
        typename V::Int& h = high[i.value];
        sink.template put<0, i.value>(V::bit_or(bits_of<V, 0>(both[i.value], 15), moved_bits<V, 0, 4>(h, 1)), g);
        sink.template put<1, i.value>(V::bit_or(bits_of<V, 4>(both[i.value], 15), moved_bits<V, 1, 4>(h, 1)), g);
        h = V::template shift_right16<2>(h);  // what comes over from the upper byte never gets down to the lowest bits
      });
    }
  }
};

// The i-th int8 of each lane times d.
template <class V, int i>
SLUICE_INLINE typename V::Reg signed_scale(typename V::Int word, typename V::Reg d) {
  return V::mul(V::to_float(V::template signed_byte_of<i>(word)), d);
}

// The four int8 of each lane of the four words, times d, as the sixteen scales.
template <class V, class Sink>
SLUICE_INLINE void put_signed_scales(const typename V::Int* words, typename V::Reg d, Sink& sink) {
  unroll<16>([&](auto i) SLUICE_LAMBDA { sink.template scale<i.value>(signed_scale<V, i.value % 4>(words[i.value / 4], d)); });
}

// ql[128], qh[64], scales[16], d. Half h, quarter j: low bits in nibble j / 2 of ql[64h + 32 (j % 2)], high bits at bit 2j
// of qh[32h].
template <class V>
struct IntegerQ6K {
  static constexpr int kBlock = 256, kBytes = 210, kHalves = 2, kBias = 32, kMost = 63;
  static constexpr bool kOffsets = false;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    const typename V::Reg d = V::half_high(V::words(from.data.at(206)));
    typename V::Int words[4];
    V::columns4(from.data.at(192), words);
    put_signed_scales<V>(words, d, sink);
    unroll<2>([&](auto half) SLUICE_LAMBDA {
      typename V::Int high[8], both[2][8];
      V::columns8(from.data.at(128 + 32 * half.value), high);
      V::columns8(from.data.at(64 * half.value), both[0]);
      V::columns8(from.data.at(64 * half.value + 32), both[1]);
      unroll<32>([&](auto at) SLUICE_LAMBDA {
        constexpr int j = at.value / 8, i = at.value % 8;
        sink.template put<4 * half.value + j, i>(
            V::bit_or(bits_of<V, 4 * (j / 2)>(both[j % 2][i], 15), moved_bits<V, 2 * j, 4>(high[i], 3)));
      });
    });
  }
};

// scales[16] (scale | minimum << 4), qs[64], d, dmin. Group j of half h: bits 2j of qs[32h].
template <class V>
struct IntegerQ2K {
  static constexpr int kBlock = 256, kBytes = 84, kHalves = 2, kBias = 0, kMost = 3;
  static constexpr bool kOffsets = true;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    const typename V::Int ends = V::words(from.data.at(80));
    const typename V::Reg d = V::half_low(ends), dmin = V::sub(V::zero(), V::half_high(ends));
    typename V::Int words[4];
    V::columns4(from.data, words);
    unroll<16>([&](auto i) SLUICE_LAMBDA {
      constexpr int w = i.value / 4, b = i.value % 4;
      sink.template scale<i.value>(signed_scale<V, b>(bits_of<V, 0>(words[w], 15), d));
      sink.template offset<i.value>(signed_scale<V, b>(bits_of<V, 4>(words[w], 15), dmin));
    });
    unroll<2>([&](auto half) SLUICE_LAMBDA {
      typename V::Int q[8];
      V::columns8(from.data.at(16 + 32 * half.value), q);
      unroll<32>([&](auto at) SLUICE_LAMBDA {
        constexpr int j = at.value / 8, i = at.value % 8;
        sink.template put<4 * half.value + j, i>(moved_bits<V, 2 * j, 0>(q[i], 3));
      });
    });
  }
};

// hmask[32], qs[64], scales[12], d: as Q2_K, with bit g of hmask the third bit of group g.
template <class V>
struct IntegerQ3K {
  static constexpr int kBlock = 256, kBytes = 110, kHalves = 2, kBias = 4, kMost = 7;
  static constexpr bool kOffsets = false;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    build_scales(from.data, sink);
    typename V::Int high[8];
    V::columns8(from.data, high);
    unroll<2>([&](auto half) SLUICE_LAMBDA {
      typename V::Int q[8];
      V::columns8(from.data.at(32 + 32 * half.value), q);
      unroll<32>([&](auto at) SLUICE_LAMBDA {
        constexpr int j = at.value / 8, i = at.value % 8, g = 4 * half.value + j;
        sink.template put<g, i>(V::bit_or(moved_bits<V, 2 * j, 0>(q[i], 3), moved_bits<V, g, 2>(high[i], 1)));
      });
    });
  }
  // Sixteen 6-bit numbers less 32 in twelve bytes: low nibbles in 8 bytes, the bits above in 4 more.
  template <class Sink>
  static SLUICE_INLINE void build_scales(const Rows& data, Sink& sink) {
    typename V::Int words[4];  // a, b, c, then d in the upper half of the word before the block's end
    V::columns4(data.at(94), words);
    // 94 is two bytes early, so that the last of the sixteen bytes is the last of the block: shift across words.
    const typename V::Int a = V::bit_or(V::template shift_right<16>(words[0]), V::template shift_left<16>(words[1]));
    const typename V::Int b = V::bit_or(V::template shift_right<16>(words[1]), V::template shift_left<16>(words[2]));
    const typename V::Int c = V::bit_or(V::template shift_right<16>(words[2]), V::template shift_left<16>(words[3]));
    const typename V::Reg d = V::half_high(words[3]);
    const typename V::Int low = V::set_bytes(15), top = V::set_bytes(48), less = V::set_bytes(32);
    typename V::Int six[4] = {
        V::bit_or(V::bit_and(a, low), V::bit_and(V::template shift_left<4>(c), top)),
        V::bit_or(V::bit_and(b, low), V::bit_and(V::template shift_left<2>(c), top)),
        V::bit_or(V::bit_and(V::template shift_right<4>(a), low), V::bit_and(c, top)),
        V::bit_or(V::bit_and(V::template shift_right<4>(b), low), V::bit_and(V::template shift_right<2>(c), top))};
    unroll<4>([&](auto i) SLUICE_LAMBDA { six[i.value] = V::sub_bytes(six[i.value], less); });
    put_signed_scales<V>(six, d, sink);
  }
};

// d, u16 scales_h, scales_l[4], qs[128]: 6-bit scales less 32.
template <class V>
struct IntegerIq4Xs {
  static constexpr int kBlock = 256, kBytes = 136, kHalves = 1, kBias = 128, kMost = 241;
  static constexpr bool kOffsets = false;
  template <class Sink>
  static SLUICE_INLINE void build(const TileSource& from, Sink& sink) {
    const typename V::Int head = V::words(from.data), low = V::words(from.data.at(4));
    const typename V::Reg d = V::half_low(head);
    unroll<8>([&](auto g) SLUICE_LAMBDA {
      const typename V::Int l = V::bit_and(V::template shift_right<4 * g.value>(low), V::set1_int(15));
      const typename V::Int h = V::bit_and(V::template shift_right<16 + 2 * g.value>(head), V::set1_int(3));
      const typename V::Int six = V::add_int(V::bit_or(l, V::template shift_left<4>(h)), V::set1_int(-32));
      sink.template scale<g.value>(V::mul(V::to_float(six), d));
    });
    const typename V::Int codes = V::repeat16(kIq4Codes.values);
    unroll<8>([&](auto g) SLUICE_LAMBDA {
      build_nibbles<V, g.value>(from.data.at(8 + 16 * g.value), sink,
                                [&](auto q, auto) SLUICE_LAMBDA { return V::look_up(codes, q); });
    });
  }
};

}  // namespace
}  // namespace sluice::kernels
