// Integer products with VPDPBUSD: four unsigned weight bytes times four signed activation bytes, summed into 32 bits, once for
// the activations' upper bytes and once for the lower ones.
#pragma once

#include "kernels/vector/integer_matmul.h"
#include "kernels/x86/quantise.h"
#include "kernels/x86_avx512/integer_vec.h"

namespace sluice::kernels::avx512_vnni {
namespace {

struct ByteProduct {
  using V = avx512::IntegerVec;
  using Order = PlaneOrder;
  using Weights = V::Int;
  static constexpr int kTokens = 4;
  static SLUICE_INLINE Weights prepare(V::Int w) { return w; }
  static SLUICE_INLINE void accumulate(V::Int& d0, V::Int& d1, Weights w, const std::byte* x, int i) {
    d0 = _mm512_dpbusd_epi32(d0, w, V::repeat_word(x + 4 * i));
    d1 = _mm512_dpbusd_epi32(d1, w, V::repeat_word(x + 32 + 4 * i));
  }
  static SLUICE_INLINE V::Int join(V::Int d0, V::Int d1) { return V::add_int(V::shift_left<8>(d0), d1); }
};

}  // namespace
}  // namespace sluice::kernels::avx512_vnni
