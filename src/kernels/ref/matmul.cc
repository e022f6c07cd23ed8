#include <vector>

#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {

const float* decoded_rows(const quant::Matrix& w, int64_t begin, int64_t count) {
  // Grows to the widest matrix this thread meets and stays: after the first token nothing allocates.
  thread_local std::vector<float> rows;
  const auto floats = static_cast<size_t>(count * w.cols);
  if (rows.size() < floats) rows.resize(floats);
  const auto decode_row = quant::format(w.format).decode_row;
  for (int64_t i = 0; i < count; ++i) decode_row(w, begin + i, rows.data() + i * w.cols);
  return rows.data();
}

void matmul(const MatMulArgs& args) {
  for (int64_t r = args.row_begin; r < args.row_end; ++r) {
    const float* row = decoded_rows(*args.w, r, 1);
    for (int64_t t = 0; t < args.tokens; ++t) {
      args.y[t * args.ldy + r] = dot(row, args.x + t * args.ldx, args.w->cols);
    }
  }
}

}  // namespace sluice::kernels::ref
