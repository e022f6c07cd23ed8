// Integer products (contract: vector/integer_matmul.h) with multiply-adds of 16-bit pairs.
#pragma once

#include "kernels/vector/integer_matmul.h"
#include "kernels/x86/quantise.h"

namespace sluice::kernels {
namespace {

// The even and the odd bytes of the weights apart.
template <class V>
struct PairProduct : WordProduct<V> {
  using Order = PairOrder;
  static constexpr int kTokens = 4, kDirect = 2;
  struct Weights {
    typename V::Int even, odd;
  };
  template <int kMost>
  static SLUICE_INLINE Weights prepare(const typename V::Int* w) {
    return {V::bit_and(*w, V::set1_int(0x00ff00ff)), V::template shift_right16<8>(*w)};
  }
  template <int i>
  static SLUICE_INLINE void accumulate(typename V::Int& d0, typename V::Int& d1, const Weights& w, const std::byte* x,
                                       Index<i>) {
    add(d0, V::multiply_pairs(w.even, V::repeat_word(x + 8 * i)));
    add(d1, V::multiply_pairs(w.odd, V::repeat_word(x + 8 * i + 4)));
  }
  static SLUICE_INLINE typename V::Int join(typename V::Int d0, typename V::Int d1) { return V::add_int(d0, d1); }

 private:
  // Now: GCC adds up all of a group's products in a tree at its end, and until then they stand on the stack.
  static SLUICE_INLINE void add(typename V::Int& d, typename V::Int product) {
    d = V::add_int(d, product);
    asm("" : "+v"(d));
  }
};

}  // namespace
}  // namespace sluice::kernels
