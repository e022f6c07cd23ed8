// The one list of the slots that both x86 sets have.
#pragma once

#include "kernels/vector/attention.h"
#include "kernels/vector/decode_plain.h"
#include "kernels/vector/delta_rule.h"
#include "kernels/vector/elementwise.h"
#include "kernels/vector/matmul.h"
#include "kernels/vector/short_conv.h"
#include "kernels/x86/decode_k.h"
#include "kernels/x86/decode_mlx.h"
#include "kernels/x86/decode_q32.h"

namespace sluice::kernels {
namespace {

template <class V>
void fill_matmul(KernelTable& table) {
  using Id = quant::FormatId;
  MatMulFn* slot = table.matmul.data();
  const auto set = [slot](Id id, MatMulFn fn) { slot[static_cast<int>(id)] = fn; };
  set(Id::f32, matmul<V, DecodePlain<V, Plain::f32>>);
  set(Id::f16, matmul<V, DecodePlain<V, Plain::f16>>);
  set(Id::bf16, matmul<V, DecodePlain<V, Plain::bf16>>);
  set(Id::q8_0, matmul<V, DecodeQ80<V>>);
  set(Id::q4_0, matmul<V, DecodeQ4<V, false>>);
  set(Id::q4_1, matmul<V, DecodeQ4<V, true>>);
  set(Id::q5_0, matmul<V, DecodeQ5<V, false>>);
  set(Id::q5_1, matmul<V, DecodeQ5<V, true>>);
  set(Id::q2_k, matmul<V, DecodeQ2K<V>>);
  set(Id::q3_k, matmul<V, DecodeQ3K<V>>);
  set(Id::q4_k, matmul<V, DecodeQ4K<V>>);
  set(Id::q5_k, matmul<V, DecodeQ5K<V>>);
  set(Id::q6_k, matmul<V, DecodeQ6K<V>>);
  set(Id::iq4_nl, matmul<V, DecodeIq4Nl<V>>);
  set(Id::iq4_xs, matmul<V, DecodeIq4Xs<V>>);
  set(Id::mxfp4, matmul<V, DecodeMxfp4<V>>);
  set(Id::mlx4, matmul_mlx<V, 4>);
  set(Id::mlx8, matmul_mlx<V, 8>);
}

template <class V>
void fill_rest(KernelTable& table) {
  table.rms_norm = rms_norm<V>;
  table.swiglu = swiglu<V>;
  table.axpy = axpy<V>;
  table.attention = attention<V>;
  table.delta_rule = delta_rule<V>;
  table.short_conv = short_conv<V>;
}

}  // namespace
}  // namespace sluice::kernels
