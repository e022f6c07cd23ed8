#include "runtime/limit.h"

#include <algorithm>
#include <variant>

namespace sluice::runtime {

double matrix_bytes(const model::Plan& plan, model::MatrixId id) {
  if (id == model::kNone) return 0;
  const model::MatrixSource& m = plan.matrices[static_cast<size_t>(id)];
  const auto elements = static_cast<double>(std::max<int64_t>(m.tensor->elements(), 1));
  return static_cast<double>(m.tensor->bytes()) * static_cast<double>(m.rows * m.cols) / elements;
}

TokenBytes token_bytes(const model::Plan& plan, kernels::KvFormat kv) {
  TokenBytes out;
  model::MatrixId table = model::kNone, head = model::kNone;
  for (const model::Step& step : plan.steps) {
    if (const auto* s = std::get_if<model::Embed>(&step.op)) table = s->table;
    if (const auto* s = std::get_if<model::Head>(&step.op)) head = s->matrix;
  }
  for (model::MatrixId id = 0; id < static_cast<model::MatrixId>(plan.matrices.size() - plan.draft_matrices); ++id) {
    const double bytes = matrix_bytes(plan, id);
    out.trunk += id == table && id != head ? bytes / std::max(plan.vocab, 1) : bytes;
  }
  for (const model::VectorSource& v : std::span(plan.vectors).first(plan.vectors.size() - plan.draft_vectors)) {
    out.trunk += static_cast<double>(v.size) * sizeof(float);
  }
  const double recurrent = static_cast<double>(plan.v_heads) * plan.dk * plan.dv + static_cast<double>(plan.conv_channels) * std::max(plan.conv_kernel - 1, 0);
  out.recurrent = 2 * recurrent * plan.recurrent_layers * sizeof(float);
  out.kv_row = 2.0 * plan.kv_heads * (plan.attention_layers - plan.draft_layers) *
               static_cast<double>(kernels::kv_row_bytes(kv, plan.head_dim));
  return out;
}

std::optional<double> limit_tok_s(const Moved& m, const Rates& rates) {
  if (rates.ssd_gb_s <= 0 || rates.ram_gb_s <= 0) return std::nullopt;
  const double ssd = m.read / (rates.ssd_gb_s * 1e9);
  const double ram = (m.experts + m.read + m.trunk + m.state) / (rates.ram_gb_s * 1e9);
  const double seconds = std::max(ssd, ram);
  if (seconds <= 0) return std::nullopt;
  return 1 / seconds;
}

}  // namespace sluice::runtime
