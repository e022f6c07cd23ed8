// The plain C++ kernels: they fill every slot, run on any processor, and say by example what each slot must compute.
// Written to be read; the instruction sets' kernels are tested against them.
#pragma once

#include "kernels/kernel_table.h"

namespace sluice::kernels::ref {

bool supported();               // true
void fill(KernelTable& table);  // every slot

void matmul(const MatMulArgs& args);  // any format: decodes each row, then dots it with each token
void integer_matmul(const MatMulArgs& args);  // any format that splits
void quantise(const float* x, int64_t begin, int64_t end, int64_t cols, std::byte* row);  // 32 int16 a group, in order
void quantise_coarse(const float* x, int64_t begin, int64_t end, int64_t cols, std::byte* row);
void rms_norm(const float* x, const float* weight, float eps, int64_t n, float* y);
void swiglu(const float* gate, const float* up, int64_t n, float* y);
void axpy(float a, const float* x, int64_t n, float* y);
void attention(const AttentionArgs& args);
void attention_merge(float* part, const float* next, int64_t head_dim);
void attention_finish(const float* part, const float* gate, int64_t head_dim, float* out);
void delta_rule(const DeltaRuleArgs& args);
void short_conv(const ShortConvArgs& args);

// Rows [begin, begin + count) of `w` as floats, [count, cols]. The memory is this thread's and stays valid until its
// next call.
const float* decoded_rows(const quant::Matrix& w, int64_t begin, int64_t count);

// Sum of a[i] * b[i]: sixteen partial sums (element i goes to sum i % 16), then their sum in a fixed tree.
float dot(const float* a, const float* b, int64_t n);

}  // namespace sluice::kernels::ref
