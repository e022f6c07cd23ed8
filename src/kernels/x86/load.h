// Unaligned loads that the x86 sets share.
#pragma once

#include <immintrin.h>

#include <cstdint>

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

SLUICE_INLINE __m256i load_bytes(const uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

}  // namespace
}  // namespace sluice::kernels
