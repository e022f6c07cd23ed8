// Products by bytes with AVX-512's VPDPBUSD.
#pragma once

#include "kernels/x86/byte_product.h"
#include "kernels/x86_avx512/integer_vec.h"

namespace sluice::kernels::avx512_vnni {
namespace {

struct Dpbusd {
  static SLUICE_INLINE void add(__m512i& d, __m512i w, __m512i x) { d = _mm512_dpbusd_epi32(d, w, x); }
  // GCC writes two instructions.
  static SLUICE_INLINE void add_folded(__m512i& d, __m512i w, const std::byte* x) {
    asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(d) : "v"(w), "m"(*reinterpret_cast<const int32_t*>(x)));
  }
};

using ByteProduct = kernels::ByteProduct<avx512::IntegerVec, Dpbusd>;
using UpperByteProduct = kernels::UpperByteProduct<avx512::IntegerVec, Dpbusd>;

}  // namespace
}  // namespace sluice::kernels::avx512_vnni
