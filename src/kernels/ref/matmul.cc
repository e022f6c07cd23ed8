#include <vector>

#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {

void matmul(const MatMulArgs& args) {
  const quant::Matrix& w = *args.w;
  const auto decode_row = quant::format(w.format).decode_row;
  // Grows to the widest matrix this thread meets and stays: after the first token nothing allocates.
  thread_local std::vector<float> row;
  if (row.size() < static_cast<size_t>(w.cols)) row.resize(static_cast<size_t>(w.cols));
  for (int64_t r = args.row_begin; r < args.row_end; ++r) {
    decode_row(w, r, row.data());
    for (int64_t t = 0; t < args.tokens; ++t) {
      args.y[t * args.ldy + r] = dot(row.data(), args.x + t * args.ldx, w.cols);
    }
  }
}

}  // namespace sluice::kernels::ref
