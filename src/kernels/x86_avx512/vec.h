// Vectors of 16 floats: the vector type V of the templates in src/kernels/vector and x86, for AVX-512 F, BW, DQ, VL.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/vector/unroll.h"

namespace sluice::kernels::avx512 {
namespace {

struct Vec {
  using Reg = __m512;
  using Int = __m512i;  // 16 lanes of 32 bits
  static constexpr int kLanes = 16;
  static constexpr int kTileRows = 4, kTileTokens = 4;  // 16 accumulators of 32 registers
  static constexpr int kDeltaRuleVectors = 4;
  static constexpr int kScoreQueries = 4;  // times 4 rows: 16 accumulators
  static constexpr int kValueQueries = 8;  // times 2 vectors of columns: likewise

  static SLUICE_INLINE Reg zero() { return _mm512_setzero_ps(); }
  static SLUICE_INLINE Reg set1(float v) { return _mm512_set1_ps(v); }
  static SLUICE_INLINE Reg load(const float* p) { return _mm512_loadu_ps(p); }
  static SLUICE_INLINE void store(float* p, Reg v) { _mm512_storeu_ps(p, v); }
  // The first n lanes, 0 < n < 16; loads zeros behind and touches no byte behind.
  static SLUICE_INLINE Reg load_n(const float* p, int n) { return _mm512_maskz_loadu_ps(first(n), p); }
  static SLUICE_INLINE void store_n(float* p, Reg v, int n) { _mm512_mask_storeu_ps(p, first(n), v); }
  static SLUICE_INLINE Reg keep_n(Reg v, Reg other, int n) { return _mm512_mask_mov_ps(other, first(n), v); }

  static SLUICE_INLINE Reg add(Reg a, Reg b) { return _mm512_add_ps(a, b); }
  static SLUICE_INLINE Reg sub(Reg a, Reg b) { return _mm512_sub_ps(a, b); }
  static SLUICE_INLINE Reg mul(Reg a, Reg b) { return _mm512_mul_ps(a, b); }
  static SLUICE_INLINE Reg div(Reg a, Reg b) { return _mm512_div_ps(a, b); }
  static SLUICE_INLINE Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
  static SLUICE_INLINE Reg max(Reg a, Reg b) { return _mm512_max_ps(a, b); }
  static SLUICE_INLINE Reg min(Reg a, Reg b) { return _mm512_min_ps(a, b); }
  static SLUICE_INLINE Reg round(Reg v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT); }
  static SLUICE_INLINE Reg negative_abs(Reg v) { return _mm512_or_ps(v, _mm512_set1_ps(-0.0F)); }
  // a < b ? yes : no, by lane.
  static SLUICE_INLINE Reg if_less(Reg a, Reg b, Reg yes, Reg no) {
    return _mm512_mask_mov_ps(no, _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), yes);
  }
  // v * 2^n for whole n in [-126, 127].
  static SLUICE_INLINE Reg times_pow2(Reg v, Reg n) {
    const Int bits = _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127)), 23);
    return mul(v, _mm512_castsi512_ps(bits));
  }
  static SLUICE_INLINE float root(float v) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(v))); }
  static SLUICE_INLINE float hsum(Reg v) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
  }
  static SLUICE_INLINE float hmax(Reg v) {
    const __m256 half = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
  }

  // scale times the sum of each vector, as hsum takes it.
  static SLUICE_INLINE void store_hsum4(float* p, float scale, Reg a, Reg b, Reg c, Reg d) {
    const Reg ab = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    const Reg cd = _mm512_add_ps(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
    Reg s = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));  // one a 128 bits
    s = _mm512_add_ps(s, _mm512_permute_ps(s, 0x4e));
    s = _mm512_add_ps(s, _mm512_permute_ps(s, 0xb1));
    const Int first = _mm512_setr_epi32(0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
    _mm_storeu_ps(p, _mm_mul_ps(_mm_set1_ps(scale), _mm512_castps512_ps128(_mm512_permutexvar_ps(first, s))));
  }

  static SLUICE_INLINE Reg to_float(Int v) { return _mm512_cvtepi32_ps(v); }
  static SLUICE_INLINE Reg load_i8(const void* p) {
    return to_float(_mm512_cvtepi8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
  }
  static SLUICE_INLINE Reg load_f16(const void* p) { return _mm512_cvtph_ps(load32(p)); }
  static SLUICE_INLINE Reg load_bf16(const void* p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load32(p)), 16));
  }

 private:
  static SLUICE_INLINE __mmask16 first(int n) { return static_cast<__mmask16>((1U << n) - 1); }
  static SLUICE_INLINE __m256i load32(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
};

}  // namespace
}  // namespace sluice::kernels::avx512
