// The one list of the slots that both x86 sets have.
#pragma once

#include "kernels/vector/attention.h"
#include "kernels/vector/decode_plain.h"
#include "kernels/vector/delta_rule.h"
#include "kernels/vector/elementwise.h"
#include "kernels/vector/matmul.h"
#include "kernels/vector/matmul_decoded.h"
#include "kernels/vector/short_conv.h"

namespace sluice::kernels {
namespace {

// F32, F16 and BF16 rows are converted on the fly, those of other formats by their scalar decoder, a few rows at a time:
// what splits into integers does not come here.
template <class V>
void fill_matmul(KernelTable& table) {
  using Id = quant::FormatId;
  table.matmul.fill(matmul_decoded<V>);
  const auto set = [&](Id id, MatMulFn fn) { table.matmul[static_cast<size_t>(id)] = fn; };
  set(Id::f32, matmul<V, DecodePlain<V, Plain::f32>>);
  set(Id::f16, matmul<V, DecodePlain<V, Plain::f16>>);
  set(Id::bf16, matmul<V, DecodePlain<V, Plain::bf16>>);
}

template <class V>
void fill_rest(KernelTable& table) {
  table.rms_norm = rms_norm<V>;
  table.swiglu = swiglu<V>;
  table.axpy = axpy<V>;
  table.attention = attention<V>;
  table.attention_merge = attention_merge<V>;
  table.attention_finish = attention_finish<V>;
  table.delta_rule = delta_rule<V>;
  table.short_conv = short_conv<V>;
}

}  // namespace
}  // namespace sluice::kernels
