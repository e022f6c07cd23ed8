// Row decoders (contract: vector/matmul.h) for the GGML formats of 256 columns a block: Q2_K to Q6_K and IQ4_XS. Block
// layouts: docs/qwen3_5_moe.md, section 6.
//
// Except for Q4_K, a block is decoded in two stages: its quants as 256 bytes on the stack (256-bit integer work, where
// the bits are), then bytes to floats with the scale, and the bias, of their group (where the lanes are). The scales of
// groups are products of an 11-bit and a 6-bit number, hence exact.
#pragma once

#include "kernels/x86/decode.h"
#include "kernels/x86/decode_q32.h"

namespace sluice::kernels {
namespace {

constexpr int kK = 256;  // columns of a block

// 8 or 16 small integers times d: the scales of a block's groups.
SLUICE_INLINE void scale_8(const uint8_t* u8, float d, float* out) {
  const __m256 v = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(u8))));
  _mm256_store_ps(out, _mm256_mul_ps(v, _mm256_set1_ps(d)));
}
SLUICE_INLINE void scale_16_signed(const uint8_t* i8, float d, float* out) {
  for (int i = 0; i < 16; i += 8) {
    const __m128i q = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(i8 + i));
    _mm256_store_ps(out + i, _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q)), _mm256_set1_ps(d)));
  }
}

// Of the 8 groups of Q4_K and Q5_K, the scales and what is to be subtracted: f16 d, f16 dmin, twelve bytes of 6-bit
// pairs. In memory, since loads can broadcast, and shuffles are the scarce unit here.
template <class V>
struct Scales45 {
  alignas(64) float value[16];

  explicit SLUICE_INLINE Scales45(const uint8_t* p) {
    const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i low = _mm_srlv_epi32(_mm_shuffle_epi32(all, 0b11101101), _mm_setr_epi32(0, 0, 0, 4));  // a, c, b, c
    const __m128i top = _mm_srli_epi32(_mm_shuffle_epi32(all, 0b10100101), 2);                           // a, a, b, b
    const __m128i bits =
        _mm_or_si128(_mm_and_si128(low, _mm_setr_epi32(0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f)),
                     _mm_and_si128(top, _mm_setr_epi32(0, 0x30303030, 0, 0x30303030)));
    V::store_scaled(bits, _mm_cvtph_ps(all), value);
    asm("" : "+m"(value));
  }
  SLUICE_INLINE typename V::Reg scale(int group) const { return V::set1(value[group]); }
  SLUICE_INLINE typename V::Reg minimum(int group) const { return V::set1(value[8 + group]); }
};

// w = scale[group] * q, q int8.
template <class V, int kGroup, class Sink>
SLUICE_INLINE void emit_groups(const uint8_t* q, const float* scale, Sink&& sink) {
  unroll<kK / V::kLanes>([&](auto i) SLUICE_LAMBDA {
    constexpr int c = i.value * V::kLanes;
    sink(i.value, V::mul(V::to_float(V::widen_i8(q + c)), V::set1(scale[c / kGroup])));
  });
}
// w = scale[group] * q + bias[group], q uint8.
template <class V, int kGroup, class Sink>
SLUICE_INLINE void emit_groups(const uint8_t* q, const float* scale, const float* bias, Sink&& sink) {
  unroll<kK / V::kLanes>([&](auto i) SLUICE_LAMBDA {
    constexpr int c = i.value * V::kLanes;
    sink(i.value, V::fma(V::to_float(V::widen_u8(q + c)), V::set1(scale[c / kGroup]), V::set1(bias[c / kGroup])));
  });
}

template <class V>
struct DecodeQ4K {
  static constexpr int kBlock = kK, kBytes = 144, kParts = 4;
  static constexpr int kRowsAtOnce = V::kLanes / 2;  // 8 in 32 registers, 4 in 16
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<kK, kBytes>(m, r); }

  struct Block {
    const uint8_t* p;
    Scales45<V> s;
    SLUICE_INLINE Block(const DecodeQ4K& d, int64_t b) : p(d.row + b * kBytes), s(p) {}
    template <int kPart, class Sink>
    SLUICE_INLINE void part(Index<kPart>, Sink&& sink) const {  // low nibbles are one group, high nibbles the next
      constexpr int g = 2 * kPart, kN = 32 / V::kLanes;
      const typename V::Affine4 first(s.scale(g), s.minimum(g));
      const typename V::Affine4 second(s.scale(g + 1), s.minimum(g + 1));
      typename V::Int q[kN];
      unroll<kN>([&](auto i) SLUICE_LAMBDA {
        q[i.value] = V::widen_u8(p + 16 + 16 * g + i.value * V::kLanes);
        sink(g * kN + i.value, first.low(q[i.value]));
      });
      unroll<kN>([&](auto i) SLUICE_LAMBDA { sink((g + 1) * kN + i.value, second.high(q[i.value])); });
    }
  };
};

template <class V>
struct DecodeQ5K {
  static constexpr int kBlock = kK, kBytes = 176, kParts = kK / V::kLanes;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<kK, kBytes>(m, r); }

  struct Block {
    alignas(64) uint8_t q[kK];
    Scales45<V> s;
    SLUICE_INLINE Block(const DecodeQ5K& d, int64_t b) : s(d.row + b * kBytes) {
      const uint8_t* p = d.row + b * kBytes;
      const __m256i high = load_bytes(p + 16), low4 = set_bytes(15);
      unroll<4>([&](auto pair) SLUICE_LAMBDA {
        constexpr int g = 2 * pair.value;
        const __m256i v = load_bytes(p + 48 + 16 * g);
        store_bytes(q + 32 * g, _mm256_or_si256(_mm256_and_si256(v, low4), where_bit(high, g, 16)));
        const __m256i upper = _mm256_and_si256(shift_bytes(v, 4), low4);
        store_bytes(q + 32 * g + 32, _mm256_or_si256(upper, where_bit(high, g + 1, 16)));
      });
    }
    template <int kPart, class Sink>
    SLUICE_INLINE void part(Index<kPart>, Sink&& sink) const {
      constexpr int c = kPart * V::kLanes;
      sink(kPart, V::fms(V::to_float(V::widen_u8(q + c)), s.scale(c / 32), s.minimum(c / 32)));
    }
  };
};

template <class V>
struct DecodeQ6K {
  static constexpr int kBlock = kK, kBytes = 210, kParts = kK / V::kLanes;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<kK, kBytes>(m, r); }

  struct Block {
    alignas(64) uint8_t q[kK];
    float scale[16];
    SLUICE_INLINE Block(const DecodeQ6K& d, int64_t b) {
      const uint8_t* p = d.row + b * kBytes;
      scale_16_signed(p + 192, half_to_float(p + 208), scale);
      unroll<2>([&](auto half) SLUICE_LAMBDA {
        const uint8_t* ql = p + 64 * half.value;
        uint8_t* out = q + 128 * half.value;
        const __m256i a = load_bytes(ql), c = load_bytes(ql + 32), h = load_bytes(p + 128 + 32 * half.value);
        store_bytes(out, join(a, _mm256_slli_epi16(h, 4)));
        store_bytes(out + 32, join(c, _mm256_slli_epi16(h, 2)));
        store_bytes(out + 64, join(shift_bytes(a, 4), h));
        store_bytes(out + 96, join(shift_bytes(c, 4), shift_bytes(h, 2)));
      });
      asm("" : "+m"(q), "+m"(scale));  // in memory, for the same reason as Scales45
    }
    // Bits 0 to 3 of one, bits 4 and 5 of the other, less 32.
    static SLUICE_INLINE __m256i join(__m256i low, __m256i high) {
      const __m256i v =
          _mm256_or_si256(_mm256_and_si256(low, set_bytes(0x0f)), _mm256_and_si256(high, set_bytes(0x30)));
      return _mm256_sub_epi8(v, set_bytes(32));
    }
    template <int kPart, class Sink>
    SLUICE_INLINE void part(Index<kPart>, Sink&& sink) const {
      constexpr int c = kPart * V::kLanes;
      sink(kPart, V::mul(V::to_float(V::widen_i8(q + c)), V::set1(scale[c / 16])));
    }
  };
};

template <class V>
struct DecodeQ2K {
  static constexpr int kBlock = kK, kBytes = 84;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<kK, kBytes>(m, r); }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    const uint8_t* p = row + b * kBytes;
    alignas(32) uint8_t nibbles[32];
    alignas(32) float scale[16], bias[16];
    store_bytes(nibbles, split_nibbles(p));
    scale_16_signed(nibbles, half_to_float(p + 80), scale);
    scale_16_signed(nibbles + 16, -half_to_float(p + 82), bias);
    alignas(32) uint8_t q[kK];
    unroll<8>([&](auto i) SLUICE_LAMBDA {
      const __m256i v = shift_bytes(load_bytes(p + 16 + 32 * (i.value / 4)), 2 * (i.value % 4));
      store_bytes(q + 32 * i.value, _mm256_and_si256(v, set_bytes(3)));
    });
    emit_groups<V, 16>(q, scale, bias, sink);
  }
};

template <class V>
struct DecodeQ3K {
  static constexpr int kBlock = kK, kBytes = 110;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<kK, kBytes>(m, r); }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    const uint8_t* p = row + b * kBytes;
    alignas(32) float scale[16];
    group_scales(p + 96, half_to_float(p + 108), scale);
    alignas(32) uint8_t q[kK];
    const __m256i high = load_bytes(p);
    unroll<8>([&](auto i) SLUICE_LAMBDA {
      const __m256i v = shift_bytes(load_bytes(p + 32 + 32 * (i.value / 4)), 2 * (i.value % 4));
      const __m256i joined = _mm256_or_si256(_mm256_and_si256(v, set_bytes(3)), where_bit(high, i.value, 4));
      store_bytes(q + 32 * i.value, _mm256_sub_epi8(joined, set_bytes(4)));
    });
    emit_groups<V, 16>(q, scale, sink);
  }
  // Sixteen 6-bit numbers less 32: low nibbles in 8 bytes, the bits above in 4 more.
  static SLUICE_INLINE void group_scales(const uint8_t* p, float d, float* out) {
    const uint32_t a = load_u32(p), b = load_u32(p + 4), c = load_u32(p + 8), low = 0x0f0f0f0f, top = 0x30303030;
    const uint32_t packed[4] = {(a & low) | (c << 4 & top), (b & low) | (c << 2 & top), (a >> 4 & low) | (c & top),
                                (b >> 4 & low) | (c >> 2 & top)};
    alignas(16) uint8_t bytes[16];
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(packed));
    _mm_store_si128(reinterpret_cast<__m128i*>(bytes), _mm_sub_epi8(v, _mm_set1_epi8(32)));
    scale_16_signed(bytes, d, out);
  }
};

template <class V>
struct DecodeIq4Xs {
  static constexpr int kBlock = kK, kBytes = 136;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<kK, kBytes>(m, r); }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    const uint8_t* p = row + b * kBytes;
    const float d = half_to_float(p);
    const int high = load_u16(p + 2);
    unroll<8>([&](auto g) SLUICE_LAMBDA {
      const int low = p[4 + g.value / 2] >> (4 * (g.value % 2)) & 15;
      const int scale = (low | (high >> (2 * g.value) & 3) << 4) - 32;
      emit_codebook<V>(iq4_values(), p + 8 + 16 * g.value, d * static_cast<float>(scale),
                       [&](int i, typename V::Reg w) SLUICE_LAMBDA { sink(g.value * (32 / V::kLanes) + i, w); });
    });
  }
};

}  // namespace
}  // namespace sluice::kernels
