// All slots: the templates of src/kernels/vector for NEON's vectors. F32, F16 and BF16 rows are converted on the fly,
// every other format by its scalar decoder, a few rows at a time.
#include "kernels/arm_neon/neon.h"
#include "kernels/arm_neon/vec.h"
#include "kernels/vector/attention.h"
#include "kernels/vector/decode_plain.h"
#include "kernels/vector/delta_rule.h"
#include "kernels/vector/elementwise.h"
#include "kernels/vector/matmul.h"
#include "kernels/vector/matmul_decoded.h"
#include "kernels/vector/short_conv.h"

void sluice::kernels::neon::fill(KernelTable& table) {
  using Id = quant::FormatId;
  table.name = "neon";
  table.matmul.fill(matmul_decoded<Vec>);
  const auto set = [&](Id id, MatMulFn fn) { table.matmul[static_cast<size_t>(id)] = fn; };
  set(Id::f32, matmul<Vec, DecodePlain<Vec, Plain::f32>>);
  set(Id::f16, matmul<Vec, DecodePlain<Vec, Plain::f16>>);
  set(Id::bf16, matmul<Vec, DecodePlain<Vec, Plain::bf16>>);
  table.rms_norm = rms_norm<Vec>;
  table.swiglu = swiglu<Vec>;
  table.axpy = axpy<Vec>;
  table.attention = attention<Vec>;
  table.attention_merge = attention_merge<Vec>;
  table.attention_finish = attention_finish<Vec>;
  table.delta_rule = delta_rule<Vec>;
  table.short_conv = short_conv<Vec>;
  fill_integer(table);
}
