// The integer products of a set: one list for all sets. All formats and `quantise` change together, since the order of
// quantised activations is the product's.
#pragma once

#include "kernels/vector/integer_k.h"
#include "kernels/vector/integer_matmul.h"
#include "kernels/vector/integer_mlx.h"
#include "kernels/vector/integer_q32.h"

namespace sluice::kernels {
namespace {

// `quantise` writes P::Order.
template <class V, class P>
void fill_integer(KernelTable& table, decltype(KernelTable::quantise) quantise) {
  using Id = quant::FormatId;
  MatMulFn* slot = table.integer_matmul.data();
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
  table.quantise = quantise;
}

}  // namespace
}  // namespace sluice::kernels
