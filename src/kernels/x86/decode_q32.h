// Row decoders (contract: vector/matmul.h) for the GGML formats of 32 columns a block: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1,
// IQ4_NL, MXFP4. Block layouts: docs/qwen3_5_moe.md, section 6.
#pragma once

#include "kernels/x86/decode.h"

namespace sluice::kernels {
namespace {

// w = scale * q, q int8.
template <class V, class Sink>
SLUICE_INLINE void emit_scaled(const uint8_t* q, float scale, Sink&& sink) {
  const typename V::Reg s = V::set1(scale);
  unroll<32 / V::kLanes>(
      [&](auto i) SLUICE_LAMBDA { sink(i.value, V::mul(V::to_float(V::widen_i8(q + i.value * V::kLanes)), s)); });
}

template <class V>
struct DecodeQ80 {
  static constexpr int kBlock = 32, kBytes = 34;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<32, kBytes>(m, r); }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    const uint8_t* p = row + b * kBytes;
    emit_scaled<V>(p + 2, half_to_float(p), sink);
  }
};

// Q4_0 and Q4_1: w = d q + bias, bias -8 d (exact) or stored.
template <class V, bool kBias>
struct DecodeQ4 {
  static constexpr int kBlock = 32, kBytes = kBias ? 20 : 18;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<32, kBytes>(m, r); }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    const uint8_t* p = row + b * kBytes;
    const float d = half_to_float(p);
    const float minimum = kBias ? -half_to_float(p + 2) : 8.0F * d;
    const typename V::Affine4 w(V::set1(d), V::set1(minimum));
    constexpr int kHalf = 16 / V::kLanes;
    typename V::Int q[kHalf];
    unroll<kHalf>([&](auto i) SLUICE_LAMBDA {
      q[i.value] = V::widen_u8(p + kBytes - 16 + i.value * V::kLanes);
      sink(i.value, w.low(q[i.value]));
    });
    unroll<kHalf>([&](auto i) SLUICE_LAMBDA { sink(kHalf + i.value, w.high(q[i.value])); });
  }
};

// Q5_0 and Q5_1: the fifth bits of the 32 columns stand together in a 32-bit word.
template <class V, bool kBias>
struct DecodeQ5 {
  static constexpr int kBlock = 32, kBytes = kBias ? 24 : 22;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<32, kBytes>(m, r); }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    const uint8_t* p = row + b * kBytes;
    const float d = half_to_float(p);
    alignas(32) uint8_t q[32];
    store_bytes(q, _mm256_or_si256(split_nibbles(p + kBytes - 16), fifth_bits(load_u32(p + kBytes - 20))));
    const typename V::Reg scale = V::set1(d), bias = V::set1(kBias ? half_to_float(p + 2) : -16.0F * d);
    unroll<32 / V::kLanes>([&](auto i) SLUICE_LAMBDA {
      sink(i.value, V::fma(V::to_float(V::widen_u8(q + i.value * V::kLanes)), scale, bias));
    });
  }
  static SLUICE_INLINE __m256i fifth_bits(uint32_t word) {
    const __m256i byte_of = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ULL));
    const __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(word)), byte_of);
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(spread, bit), bit), set_bytes(16));
  }
};

// 32 nibbles as indices into 16 int8 values.
SLUICE_INLINE __m256i iq4_values() {
  return _mm256_broadcastsi128_si256(
      _mm_setr_epi8(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113));
}
SLUICE_INLINE __m256i fp4_values() {  // doubled, so that they are whole
  return _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12));
}
template <class V, class Sink>
SLUICE_INLINE void emit_codebook(__m256i values, const uint8_t* nibbles, float scale, Sink&& sink) {
  alignas(32) uint8_t q[32];
  store_bytes(q, _mm256_shuffle_epi8(values, split_nibbles(nibbles)));
  emit_scaled<V>(q, scale, sink);
}

template <class V>
struct DecodeIq4Nl {
  static constexpr int kBlock = 32, kBytes = 18;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<32, kBytes>(m, r); }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    const uint8_t* p = row + b * kBytes;
    emit_codebook<V>(iq4_values(), p + 2, half_to_float(p), sink);
  }
};

template <class V>
struct DecodeMxfp4 {
  static constexpr int kBlock = 32, kBytes = 17;
  static constexpr bool kTail = false;
  const uint8_t* row;
  void open(const quant::Matrix& m, int64_t r) { row = row_start<32, kBytes>(m, r); }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    const uint8_t* p = row + b * kBytes;
    emit_codebook<V>(fp4_values(), p + 1, half_of_pow2(p[0]), sink);
  }
  // 2^(e - 128); e of 0 and 1 give subnormals.
  static SLUICE_INLINE float half_of_pow2(uint32_t e) {
    const uint32_t bits = e < 2 ? 0x00200000U << e : (e - 1) << 23;
    float f;
    __builtin_memcpy(&f, &bits, sizeof(f));
    return f;
  }
};

}  // namespace
}  // namespace sluice::kernels
