#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {

bool supported() {
  return true;
}

void fill(KernelTable& table) {
  table.name = "ref";
  table.matmul.fill(matmul);
  for (const quant::Format& f : quant::formats()) {
    table.integer_matmul[static_cast<size_t>(f.id)] = f.split_row != nullptr ? integer_matmul : nullptr;
  }
  table.quantise = quantise;
  table.quantise_coarse = quantise_coarse;
  table.rms_norm = rms_norm;
  table.swiglu = swiglu;
  table.axpy = axpy;
  table.attention = attention;
  table.attention_merge = attention_merge;
  table.attention_finish = attention_finish;
  table.delta_rule = delta_rule;
  table.short_conv = short_conv;
}

}  // namespace sluice::kernels::ref
