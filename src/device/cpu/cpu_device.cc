#include "device/cpu/cpu_device.h"

#include <algorithm>
#include <variant>

#include "base/check.h"
#include "device/cpu/arithmetic.h"
#include "kernels/integer.h"

namespace sluice::device {

CpuDevice::CpuDevice(const model::Plan& plan, const model::Trunk& trunk, const kernels::KernelTable& kernels,
                     ThreadPool& threads, Workspace&& workspace)
    : plan_(plan), trunk_(trunk), kernels_(kernels), threads_(threads), w_(std::move(workspace)) {
  const auto takes = [&](const quant::Matrix& m) { return m.cols == plan.hidden && quant::splits_into_integers(m); };
  quantise_normed_ = std::ranges::any_of(trunk.matrices, takes) ||
                     std::ranges::any_of(plan.expert_layers, [&](const auto& layer) { return takes(layer.gate.shape) || takes(layer.up.shape); });
}

Status CpuDevice::run(const model::Step& step, const Chunk& chunk) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  SLUICE_CHECK(tokens > 0 && tokens <= w_.tokens && !chunk.parts.empty() && chunk.parts.size() <= size_t{kMostParts});
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
      float* y = w_.normed + t * h;
      kernels_.rms_norm(w_.residual + t * h, vector(s.weight), s.eps, h, y);
      if (quantise_normed_) kernels_.quantise(y, 0, h, h, w_.normed_quantised + t * kernels::quantised_bytes(h));
    }
  });
}

void CpuDevice::add(int64_t tokens) {
  const int64_t h = plan_.hidden;
  threads_.ranges(tokens, 16, [&](int64_t begin, int64_t end, int) {
    kernels_.axpy(1.0f, w_.output + begin * h, (end - begin) * h, w_.residual + begin * h);
  });
}

void CpuDevice::head(const model::Head& s, const Chunk& chunk) {
  const int64_t count = static_cast<int64_t>(chunk.tokens.size()) - chunk.first_logits;
  if (count <= 0) return;
  const MatMulJob job{&matrix(s.matrix), w_.normed + chunk.first_logits * plan_.hidden, plan_.hidden, chunk.logits, plan_.vocab};
  matmuls({&job, 1}, count);
}

// Two parallel regions: gate, up and SwiGLU by rows of width, with the scale's product beside them, then down.
void CpuDevice::shared_ffn(const model::SharedFfn& s, int64_t tokens) {
  const int64_t h = plan_.hidden, width = s.width;
  const quant::Matrix &gate = matrix(s.gate), &up = matrix(s.up), &down = matrix(s.down);
  const bool scaled = s.scale != model::kNone;
  const bool integer = quant::splits_into_integers(down);
  const Input in = input(w_.normed, h, h, tokens, quantise_normed_);
  const int64_t padded = (width + kRowGrain - 1) / kRowGrain * kRowGrain;
  threads_.ranges(padded + (scaled ? kRowGrain : 0), grain_for(2 * h, tokens), [&](int64_t begin, int64_t end, int) {
    if (end > padded) matmul_rows(matrix(s.scale), in, w_.scalar, 1, 0, 1, tokens);
    const int64_t e = std::min(end, width);
    if (begin >= e) return;
    matmul_rows(gate, in, w_.shared_gate, width, begin, e, tokens, row_at(up, begin));
    matmul_rows(up, in, w_.shared_up, width, begin, e, tokens, what_follows(gate, e, down.data));
    swiglu_rows(w_.shared_gate, w_.shared_up, width, begin, e, tokens, integer ? w_.quantised : nullptr);
  });
  const Input middle{w_.shared_gate, width, w_.quantised, kernels::quantised_bytes(width)};
  threads_.ranges((h + kRowGrain - 1) / kRowGrain * kRowGrain, grain_for(width, tokens), [&](int64_t begin, int64_t end, int) {
    end = std::min(end, h);
    matmul_rows(down, middle, w_.shared, h, begin, end, tokens, what_follows(down, end, nullptr));
    for (int64_t t = 0; scaled && t < tokens; ++t) {
      const float scale = sigmoid(w_.scalar[t]);
      for (int64_t i = begin; i < end; ++i) w_.shared[t * h + i] *= scale;
    }
  });
}

}  // namespace sluice::device
