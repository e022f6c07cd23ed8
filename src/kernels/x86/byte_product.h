// Integer products (contract: vector/integer_matmul.h) by bytes: four unsigned weight bytes times four signed activation bytes,
// summed into 32 bits, once for the activations' upper bytes and once for the lower ones. What does that is I:
//   I::add(d, w, x)         d += w times the vector x
//   I::add_folded(d, w, p)  may be there: d += w times the word at p, which the instruction itself repeats
#pragma once

#include "kernels/vector/integer_matmul.h"
#include "kernels/x86/quantise.h"

namespace sluice::kernels {
namespace {

template <class V, class I>
struct ByteProduct : WordProduct<V> {
  using Int = typename V::Int;
  using Order = PlaneOrder;
  using Weights = Int;
  static constexpr bool kFolds = requires(Int d, const std::byte* p) { I::add_folded(d, d, p); };
  static constexpr int kTokens = V::kLanes == 16 ? 8 : 4, kDirect = V::kLanes == 16 ? 4 : 2;
  template <int kMost>
  static SLUICE_INLINE Weights prepare(const Int* w) {
    return *w;
  }
  template <int i>
  static SLUICE_INLINE void accumulate(Int& d0, Int& d1, Weights w, const std::byte* x, Index<i>) {
    I::add(d0, w, V::repeat_word(x + 4 * i));
    I::add(d1, w, V::repeat_word(x + 32 + 4 * i));
  }
  template <int i>
  requires kFolds
  static SLUICE_INLINE void accumulate_folded(Int& d0, Int& d1, Weights w, const std::byte* x, Index<i>) {
    I::add_folded(d0, w, x + 4 * i);
    I::add_folded(d1, w, x + 32 + 4 * i);
  }
  static SLUICE_INLINE Int join(Int d0, Int d1) { return V::add_int(V::template shift_left<8>(d0), d1); }
};

// For coarse activations, whose lower bytes are 0. d1 holds what start() put there, no more.
template <class V, class I>
struct UpperByteProduct : ByteProduct<V, I> {
  using Int = typename V::Int;
  template <int i>
  static SLUICE_INLINE void accumulate(Int& d0, Int&, Int w, const std::byte* x, Index<i>) {
    I::add(d0, w, V::repeat_word(x + 4 * i));
  }
  template <int i>
  requires(ByteProduct<V, I>::kFolds)
  static SLUICE_INLINE void accumulate_folded(Int& d0, Int&, Int w, const std::byte* x, Index<i>) {
    I::add_folded(d0, w, x + 4 * i);
  }
};

}  // namespace
}  // namespace sluice::kernels
