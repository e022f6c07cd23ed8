// Vectors of 8 floats: the vector type V of the templates in src/kernels/vector and x86, for AVX2, FMA and F16C.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/vector/unroll.h"

namespace sluice::kernels::avx2 {
namespace {

alignas(32) constexpr int32_t kFirstLanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

struct Vec {
  using Reg = __m256;
  using Int = __m256i;  // 8 lanes of 32 bits
  static constexpr int kLanes = 8;
  static constexpr int kTileRows = 2, kTileTokens = 4;  // 8 accumulators of 16 registers
  static constexpr int kDeltaRuleVectors = 4;

  static SLUICE_INLINE Reg zero() { return _mm256_setzero_ps(); }
  static SLUICE_INLINE Reg set1(float v) { return _mm256_set1_ps(v); }
  static SLUICE_INLINE Reg load(const float* p) { return _mm256_loadu_ps(p); }
  static SLUICE_INLINE void store(float* p, Reg v) { _mm256_storeu_ps(p, v); }
  // The first n lanes, 0 < n < 8; loads zeros behind and touches no byte behind.
  static SLUICE_INLINE Reg load_n(const float* p, int n) { return _mm256_maskload_ps(p, first(n)); }
  static SLUICE_INLINE void store_n(float* p, Reg v, int n) { _mm256_maskstore_ps(p, first(n), v); }
  static SLUICE_INLINE Reg keep_n(Reg v, Reg other, int n) {
    return _mm256_blendv_ps(other, v, _mm256_castsi256_ps(first(n)));
  }

  static SLUICE_INLINE Reg add(Reg a, Reg b) { return _mm256_add_ps(a, b); }
  static SLUICE_INLINE Reg sub(Reg a, Reg b) { return _mm256_sub_ps(a, b); }
  static SLUICE_INLINE Reg mul(Reg a, Reg b) { return _mm256_mul_ps(a, b); }
  static SLUICE_INLINE Reg div(Reg a, Reg b) { return _mm256_div_ps(a, b); }
  static SLUICE_INLINE Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
  static SLUICE_INLINE Reg fms(Reg a, Reg b, Reg c) { return _mm256_fmsub_ps(a, b, c); }
  static SLUICE_INLINE Reg max(Reg a, Reg b) { return _mm256_max_ps(a, b); }
  static SLUICE_INLINE Reg min(Reg a, Reg b) { return _mm256_min_ps(a, b); }
  static SLUICE_INLINE Reg round(Reg v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static SLUICE_INLINE Reg negative_abs(Reg v) { return _mm256_or_ps(v, _mm256_set1_ps(-0.0F)); }
  // a < b ? yes : no, by lane.
  static SLUICE_INLINE Reg if_less(Reg a, Reg b, Reg yes, Reg no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
  }
  // v * 2^n for whole n in [-126, 127].
  static SLUICE_INLINE Reg times_pow2(Reg v, Reg n) {
    const Int bits = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return mul(v, _mm256_castsi256_ps(bits));
  }
  static SLUICE_INLINE float root(float v) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(v))); }
  static SLUICE_INLINE float hsum(Reg v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
  }
  static SLUICE_INLINE float hmax(Reg v) {
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
  }

  static SLUICE_INLINE Int widen_u8(const void* p) { return _mm256_cvtepu8_epi32(load8(p)); }
  static SLUICE_INLINE Int widen_i8(const void* p) { return _mm256_cvtepi8_epi32(load8(p)); }
  static SLUICE_INLINE Reg to_float(Int v) { return _mm256_cvtepi32_ps(v); }
  static SLUICE_INLINE Reg load_f16(const void* p) { return _mm256_cvtph_ps(load16(p)); }
  static SLUICE_INLINE Reg load_bf16(const void* p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load16(p)), 16));
  }
  // Lane i: nibble i of 4 bytes, low nibble first, in its low 4 bits; any bits above.
  static SLUICE_INLINE Int nibble_stream(const void* p) {
    int32_t word;
    __builtin_memcpy(&word, p, sizeof(word));
    return _mm256_srlv_epi32(_mm256_set1_epi32(word), _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28));
  }

  // 8 bytes times the first float of d, then 8 times the second.
  static SLUICE_INLINE void store_scaled(__m128i u8, __m128 d, float* out) {
    const Reg low = to_float(_mm256_cvtepu8_epi32(u8)),
              high = to_float(_mm256_cvtepu8_epi32(_mm_unpackhi_epi64(u8, u8)));
    _mm256_store_ps(out, _mm256_mul_ps(low, _mm256_broadcastss_ps(d)));
    _mm256_store_ps(out + 8, _mm256_mul_ps(high, _mm256_broadcastss_ps(_mm_movehdup_ps(d))));
  }

  // w = scale * q - minimum for 4-bit q.
  struct Affine4 {
    Reg scale, minimum;
    SLUICE_INLINE Affine4(Reg s, Reg m) : scale(s), minimum(m) {}
    // By the low 4 bits of each lane; any bits above.
    SLUICE_INLINE Reg low(Int q) const {
      return _mm256_fmsub_ps(to_float(_mm256_and_si256(q, _mm256_set1_epi32(15))), scale, minimum);
    }
    // By bits 4 to 7 of each lane; zeros above.
    SLUICE_INLINE Reg high(Int q) const { return _mm256_fmsub_ps(to_float(_mm256_srli_epi32(q, 4)), scale, minimum); }
  };

 private:
  static SLUICE_INLINE __m256i first(int n) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kFirstLanes + 8 - n));
  }
  static SLUICE_INLINE __m128i load8(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
  static SLUICE_INLINE __m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
};

}  // namespace
}  // namespace sluice::kernels::avx2
