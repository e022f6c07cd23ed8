// Integer products with VPDPBUSD: four unsigned weight bytes times four signed activation bytes, summed into 32 bits, once for
// the activations' upper bytes and once for the lower ones.
#pragma once

#include "kernels/vector/integer_matmul.h"
#include "kernels/x86/quantise.h"
#include "kernels/x86_avx512/integer_vec.h"

namespace sluice::kernels::avx512_vnni {
namespace {

struct ByteProduct : WordProduct<avx512::IntegerVec> {
  using V = avx512::IntegerVec;
  using Order = PlaneOrder;
  using Weights = V::Int;
  static constexpr int kTokens = 4, kDirect = 4;
  template <int kMost>
  static SLUICE_INLINE Weights prepare(const V::Int* w) {
    return *w;
  }
  template <int i>
  static SLUICE_INLINE void accumulate(V::Int& d0, V::Int& d1, Weights w, const std::byte* x, Index<i>) {
    d0 = _mm512_dpbusd_epi32(d0, w, V::repeat_word(x + 4 * i));
    d1 = _mm512_dpbusd_epi32(d1, w, V::repeat_word(x + 32 + 4 * i));
  }
  template <int i>
  static SLUICE_INLINE void accumulate_folded(V::Int& d0, V::Int& d1, Weights w, const std::byte* x, Index<i>) {
    add(d0, w, x + 4 * i);
    add(d1, w, x + 32 + 4 * i);
  }
  static SLUICE_INLINE V::Int join(V::Int d0, V::Int d1) { return V::add_int(V::shift_left<8>(d0), d1); }

 protected:
  // d += w times the word at x, which the instruction itself repeats: GCC writes two instructions.
  static SLUICE_INLINE void add(V::Int& d, Weights w, const std::byte* x) {
    asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(d) : "v"(w), "m"(*reinterpret_cast<const int32_t*>(x)));
  }
};

// For coarse activations, whose lower bytes are 0. d1 holds what start() put there, no more.
struct UpperByteProduct : ByteProduct {
  static constexpr int kTokens = 8;
  template <int i>
  static SLUICE_INLINE void accumulate(V::Int& d0, V::Int&, Weights w, const std::byte* x, Index<i>) {
    d0 = _mm512_dpbusd_epi32(d0, w, V::repeat_word(x + 4 * i));
  }
  template <int i>
  static SLUICE_INLINE void accumulate_folded(V::Int& d0, V::Int&, Weights w, const std::byte* x, Index<i>) {
    add(d0, w, x + 4 * i);
  }
};

}  // namespace
}  // namespace sluice::kernels::avx512_vnni
