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
  static constexpr int kScoreQueries = 2;  // times 4 rows: 8 accumulators
  static constexpr int kValueQueries = 4;  // times 2 vectors of columns: likewise

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

  // scale times the sum of each vector, as hsum takes it.
  static SLUICE_INLINE void store_hsum4(float* p, float scale, Reg a, Reg b, Reg c, Reg d) {
    const Reg ab = _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
    const Reg cd = _mm256_add_ps(_mm256_permute2f128_ps(c, d, 0x20), _mm256_permute2f128_ps(c, d, 0x31));
    Reg s = _mm256_add_ps(_mm256_unpacklo_ps(ab, cd), _mm256_unpackhi_ps(ab, cd));  // a02 c02 a13 c13, b02 d02 b13 d13
    s = _mm256_add_ps(s, _mm256_permute_ps(s, 0x4e));
    const __m128 sums = _mm_unpacklo_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    _mm_storeu_ps(p, _mm_mul_ps(_mm_set1_ps(scale), sums));
  }

  static SLUICE_INLINE Reg to_float(Int v) { return _mm256_cvtepi32_ps(v); }
  static SLUICE_INLINE Reg load_i8(const void* p) {
    return to_float(_mm256_cvtepi8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p))));
  }
  static SLUICE_INLINE Reg load_f16(const void* p) { return _mm256_cvtph_ps(load16(p)); }
  static SLUICE_INLINE Reg load_bf16(const void* p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load16(p)), 16));
  }

 private:
  static SLUICE_INLINE __m256i first(int n) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kFirstLanes + 8 - n));
  }
  static SLUICE_INLINE __m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
};

}  // namespace
}  // namespace sluice::kernels::avx2
