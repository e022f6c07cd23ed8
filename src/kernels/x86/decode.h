// What the row decoders share: unaligned loads, half floats, and the 256-bit byte work that AVX2 and AVX-512 have
// alike.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/vector/row.h"
#include "kernels/vector/unroll.h"

namespace sluice::kernels {
namespace {

SLUICE_INLINE uint32_t load_u32(const uint8_t* p) {
  uint32_t v;
  __builtin_memcpy(&v, p, sizeof(v));
  return v;
}

SLUICE_INLINE uint16_t load_u16(const uint8_t* p) {
  uint16_t v;
  __builtin_memcpy(&v, p, sizeof(v));
  return v;
}

SLUICE_INLINE float half_to_float(const uint8_t* p) {
  return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(load_u16(p))));
}

SLUICE_INLINE __m256i load_bytes(const uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
SLUICE_INLINE void store_bytes(uint8_t* p, __m256i v) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(p), v);
}

SLUICE_INLINE __m256i set_bytes(int v) {
  return _mm256_set1_epi8(static_cast<char>(v));
}

// Each byte shifted right; the bits of its neighbour that come in stand above `8 - bits` and are the caller's to mask.
SLUICE_INLINE __m256i shift_bytes(__m256i v, int bits) {
  return _mm256_srli_epi16(v, bits);
}

// `value` in the bytes whose bit `bit` is set in v, zero in the others.
SLUICE_INLINE __m256i where_bit(__m256i v, int bit, int value) {
  const __m256i mask = set_bytes(1 << bit);
  return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(v, mask), mask), set_bytes(value));
}

// 16 bytes of nibbles as 32 bytes: the low nibbles, then the high ones.
SLUICE_INLINE __m256i split_nibbles(const uint8_t* p) {
  const __m128i both = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(both), _mm_srli_epi16(both, 4), 1);
  return _mm256_and_si256(v, set_bytes(15));
}

}  // namespace
}  // namespace sluice::kernels
