#include "device/cpu/cpu_device.h"

#include <algorithm>
#include <array>
#include <variant>

#include "base/check.h"
#include "device/cpu/arithmetic.h"

namespace sluice::device {

CpuDevice::CpuDevice(const model::Plan& plan, const model::Trunk& trunk, const kernels::KernelTable& kernels,
                     ThreadPool& threads, Workspace&& workspace)
    : plan_(plan), trunk_(trunk), kernels_(kernels), threads_(threads), w_(std::move(workspace)) {}

Status CpuDevice::run(const model::Step& step, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  SLUICE_CHECK(tokens > 0 && tokens <= w_.tokens);
  if (const auto* s = std::get_if<model::Route>(&step.op)) return route(*s, chunk);
  if (const auto* s = std::get_if<model::Experts>(&step.op)) return experts(*s, chunk);
  if (const auto* s = std::get_if<model::Embed>(&step.op)) embed(*s, chunk);
  if (const auto* s = std::get_if<model::Join>(&step.op)) join(*s, chunk);
  if (const auto* s = std::get_if<model::Norm>(&step.op)) norm(*s, tokens);
  if (const auto* s = std::get_if<model::Attention>(&step.op)) attention(*s, chunk);
  if (const auto* s = std::get_if<model::DeltaNet>(&step.op)) delta_net(*s, chunk);
  if (const auto* s = std::get_if<model::SharedFfn>(&step.op)) shared_ffn(*s, tokens);
  if (const auto* s = std::get_if<model::Head>(&step.op)) head(*s, chunk);
  if (std::holds_alternative<model::Add>(step.op)) add(tokens);
  return {};
}

void CpuDevice::embed(const model::Embed& s, const Chunk& chunk) {
  const quant::Matrix& table = matrix(s.table);
  const auto decode = quant::format(table.format).decode_row;
  for (size_t t = 0; t < chunk.tokens.size(); ++t) {
    decode(table, chunk.tokens[t], w_.residual + static_cast<int64_t>(t) * plan_.hidden);
  }
}

void CpuDevice::join(const model::Join& s, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  const int64_t h = plan_.hidden;
  const quant::Matrix& table = matrix(s.table);
  const auto decode = quant::format(table.format).decode_row;
  for (int64_t t = 0; t < tokens; ++t) {
    float* row = w_.joined + t * 2 * h;
    decode(table, chunk.tokens[static_cast<size_t>(t)], row);
    kernels_.rms_norm(row, vector(s.token_norm), s.eps, h, row);
    kernels_.rms_norm(chunk.hidden + t * h, vector(s.hidden_norm), s.eps, h, row + h);
  }
  const MatMulJob job{&matrix(s.fc), w_.joined, 2 * h, w_.residual, h};
  matmuls({&job, 1}, tokens);
}

void CpuDevice::norm(const model::Norm& s, int64_t tokens) {
  const int64_t h = plan_.hidden;
  threads_.ranges(tokens, 4, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      kernels_.rms_norm(w_.residual + t * h, vector(s.weight), s.eps, h, w_.normed + t * h);
    }
  });
}

void CpuDevice::add(int64_t tokens) {
  kernels_.axpy(1.0f, w_.output, tokens * plan_.hidden, w_.residual);
}

void CpuDevice::head(const model::Head& s, const Chunk& chunk) {
  const int64_t count = static_cast<int64_t>(chunk.tokens.size()) - chunk.first_logits;
  if (count <= 0) return;
  const MatMulJob job{&matrix(s.matrix), w_.normed + chunk.first_logits * plan_.hidden, plan_.hidden, chunk.logits, plan_.vocab};
  matmuls({&job, 1}, count);
}

void CpuDevice::matmuls(std::span<const MatMulJob> jobs, int64_t tokens) {
  // Rows of all jobs are numbered one after the other, each job's start padded to the grain.
  constexpr size_t kMost = 8;
  SLUICE_CHECK(jobs.size() <= kMost);
  std::array<int64_t, kMost + 1> start{};
  int64_t cols = 1;
  for (size_t i = 0; i < jobs.size(); ++i) {
    start[i + 1] = start[i] + (jobs[i].w->rows + kRowGrain - 1) / kRowGrain * kRowGrain;
    cols = std::max(cols, jobs[i].w->cols);
  }
  threads_.ranges(start[jobs.size()], grain_for(cols, tokens), [&](int64_t begin, int64_t end, int) {
    for (size_t i = 0; i < jobs.size(); ++i) {
      const int64_t b = std::max(begin, start[i]) - start[i];
      const int64_t e = std::min(end - start[i], jobs[i].w->rows);
      if (b < e) matmul_rows(jobs[i], b, e, tokens);
    }
  });
}

void CpuDevice::shared_ffn(const model::SharedFfn& s, int64_t tokens) {
  const int64_t h = plan_.hidden;
  const std::array<MatMulJob, 3> in{{{&matrix(s.gate), w_.normed, h, w_.shared_gate, s.width},
                                     {&matrix(s.up), w_.normed, h, w_.shared_up, s.width},
                                     {s.scale != model::kNone ? &matrix(s.scale) : nullptr, w_.normed, h, w_.scalar, 1}}};
  matmuls(std::span(in).first(s.scale != model::kNone ? 3 : 2), tokens);
  threads_.ranges(tokens, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      float* gate = w_.shared_gate + t * s.width;
      kernels_.swiglu(gate, w_.shared_up + t * s.width, s.width, gate);
    }
  });
  const MatMulJob down{&matrix(s.down), w_.shared_gate, s.width, w_.shared, h};
  matmuls({&down, 1}, tokens);
  threads_.ranges(tokens, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t) {
      const float scale = s.scale != model::kNone ? sigmoid(w_.scalar[t]) : 1.0f;
      float* row = w_.shared + t * h;
      for (int64_t i = 0; i < h; ++i) row[i] *= scale;
    }
  });
}

}  // namespace sluice::device
