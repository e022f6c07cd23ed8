// y = W x for the formats that have no row decoder for vectors: a panel of rows is decoded to floats by the format's own
// scalar decoder, then multiplied like an F32 matrix.
#pragma once

#include "kernels/ref/ref.h"
#include "kernels/vector/decode_plain.h"
#include "kernels/vector/matmul.h"

namespace sluice::kernels {
namespace {

template <class V>
void matmul_decoded(const MatMulArgs& a) {
  const int64_t step = a.tokens <= kFewTokens ? 4 : kPanelRows;
  for (int64_t r = a.row_begin; r < a.row_end; r += step) {
    const int64_t rows = smaller(step, a.row_end - r);
    quant::Matrix floats;
    floats.rows = rows;
    floats.cols = a.w->cols;
    floats.data = reinterpret_cast<const std::byte*>(ref::decoded_rows(*a.w, r, rows));
    MatMulArgs part = a;
    part.w = &floats;
    part.row_begin = 0;
    part.row_end = rows;
    part.next = nullptr;  // what follows is decoded first
    part.y = a.y + r;
    matmul<V, DecodePlain<V, Plain::f32>>(part);
  }
}

}  // namespace
}  // namespace sluice::kernels
