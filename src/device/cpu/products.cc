// Products of weights and activations: in float32 or, where the weights' format splits into integers, in integers.
#include <algorithm>
#include <array>

#include "base/check.h"
#include "device/cpu/arithmetic.h"
#include "device/cpu/cpu_device.h"
#include "kernels/integer.h"

namespace sluice::device {

void CpuDevice::matmul_rows(const quant::Matrix& w, const Input& in, float* y, int64_t ldy, int64_t begin, int64_t end,
                            int64_t tokens, const std::byte* next) const {
  const auto& slots = quant::splits_into_integers(w) ? kernels_.integer_matmul : kernels_.matmul;
  slots[static_cast<size_t>(w.format)]({&w, begin, end, in.x, in.ldx, tokens, y, ldy, in.quantised, in.ldq, next});
}

// The normed activations are quantised once, by the norm; others here.
CpuDevice::Input CpuDevice::input(const float* x, int64_t ldx, int64_t cols, int64_t tokens, bool quantised) {
  if (!quantised) return {x, ldx};
  const int64_t ldq = kernels::quantised_bytes(cols);
  const int64_t at = x - w_.normed;
  if (at >= 0 && at < w_.tokens * plan_.hidden) return {x, ldx, w_.normed_quantised + at / plan_.hidden * ldq, ldq};
  threads_.ranges(tokens, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) kernels_.quantise(x + t * ldx, 0, cols, cols, w_.quantised + t * ldq);
  });
  return {x, ldx, w_.quantised, ldq};
}

void CpuDevice::matmuls(std::span<const MatMulJob> jobs, int64_t tokens) {
  // Rows of all jobs are numbered one after the other, each job's start padded to the grain.
  constexpr size_t kMost = 8;
  SLUICE_CHECK(!jobs.empty() && jobs.size() <= kMost);
  std::array<int64_t, kMost + 1> start{};
  const MatMulJob& first = jobs.front();
  bool integer = false;
  for (size_t i = 0; i < jobs.size(); ++i) {
    SLUICE_CHECK(jobs[i].x == first.x && jobs[i].w->cols == first.w->cols);
    start[i + 1] = start[i] + (jobs[i].w->rows + kRowGrain - 1) / kRowGrain * kRowGrain;
    integer = integer || quant::splits_into_integers(*jobs[i].w);
  }
  const Input in = input(first.x, first.ldx, first.w->cols, tokens, integer);
  threads_.ranges(start[jobs.size()], grain_for(first.w->cols, tokens), [&](int64_t begin, int64_t end, int) {
    for (size_t i = 0; i < jobs.size(); ++i) {
      const int64_t b = std::max(begin, start[i]) - start[i];
      const int64_t e = std::min(end - start[i], jobs[i].w->rows);
      if (b >= e) continue;
      const std::byte* after = i + 1 < jobs.size() ? jobs[i + 1].w->data : nullptr;
      matmul_rows(*jobs[i].w, in, jobs[i].y, jobs[i].ldy, b, e, tokens, what_follows(*jobs[i].w, e, after));
    }
  });
}

void CpuDevice::swiglu_rows(float* g, const float* u, int64_t width, int64_t begin, int64_t end, int64_t tokens,
                            std::byte* quantised) const {
  const int64_t ldq = kernels::quantised_bytes(width);
  for (int64_t t = 0; t < tokens; ++t) {
    float* row = g + t * width;
    kernels_.swiglu(row + begin, u + t * width + begin, end - begin, row + begin);
    if (quantised != nullptr) kernels_.quantise(row, begin, end, width, quantised + t * ldq);
  }
}

}  // namespace sluice::device
