// The integer products of a set: one list for all sets. All formats and `quantise` change together, since the order of
// quantised activations is the product's.
#pragma once

#include "kernels/vector/integer_k.h"
#include "kernels/vector/integer_matmul.h"
#include "kernels/vector/integer_mlx.h"
#include "kernels/vector/integer_q32.h"

namespace sluice::kernels {
namespace {

// The products of all formats that split, into `slot`.
template <class V, class P>
void fill_products(MatMulFn* slot) {
  using Id = quant::FormatId;
  const auto set = [slot](Id id, MatMulFn fn) { slot[static_cast<int>(id)] = fn; };
  set(Id::q8_0, integer_matmul<V, P, IntegerQ80<V>>);
  set(Id::q4_0, integer_matmul<V, P, IntegerQ4<V, false>>);
  set(Id::q4_1, integer_matmul<V, P, IntegerQ4<V, true>>);
  set(Id::q5_0, integer_matmul<V, P, IntegerQ5<V, false>>);
  set(Id::q5_1, integer_matmul<V, P, IntegerQ5<V, true>>);
  set(Id::q2_k, integer_matmul<V, P, IntegerQ2K<V>>);
  set(Id::q3_k, integer_matmul<V, P, IntegerQ3K<V>>);
  set(Id::q4_k, integer_matmul<V, P, IntegerQ4K<V>>);
  set(Id::q5_k, integer_matmul<V, P, IntegerQ5K<V>>);
  set(Id::q6_k, integer_matmul<V, P, IntegerQ6K<V>>);
  set(Id::iq4_nl, integer_matmul<V, P, IntegerIq4Nl<V>>);
  set(Id::iq4_xs, integer_matmul<V, P, IntegerIq4Xs<V>>);
  set(Id::mxfp4, integer_matmul<V, P, IntegerMxfp4<V>>);
  set(Id::mlx4, integer_matmul_mlx<V, P, 4>);
  set(Id::mlx8, integer_matmul_mlx<V, P, 8>);
}

// Everything of a set but coarse products. `quantise` and `coarse` write P::Order.
template <class V, class P>
void fill_integer(KernelTable& table, QuantiseFn quantise, QuantiseFn coarse) {
  fill_products<V, P>(table.integer_matmul.data());
  for (MatMulFn& fn : table.coarse_matmul) fn = nullptr;  // of the set before, in its order
  table.quantise = quantise;
  table.quantise_coarse = coarse;
}

}  // namespace
}  // namespace sluice::kernels
