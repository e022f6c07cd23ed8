// Products by bytes with AVX-VNNI's VPDPBUSD.
#pragma once

#include "kernels/x86/byte_product.h"
#include "kernels/x86_avx2/integer_vec.h"

namespace sluice::kernels::avx_vnni {
namespace {

struct Dpbusd {
  static SLUICE_INLINE void add(__m256i& d, __m256i w, __m256i x) { d = _mm256_dpbusd_avx_epi32(d, w, x); }
};

using ByteProduct = kernels::ByteProduct<avx2::IntegerVec, Dpbusd>;
using UpperByteProduct = kernels::UpperByteProduct<avx2::IntegerVec, Dpbusd>;

}  // namespace
}  // namespace sluice::kernels::avx_vnni
