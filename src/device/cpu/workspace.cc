#include "device/cpu/workspace.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include "device/state.h"
#include "kernels/integer.h"
#include "kernels/kernel_table.h"

namespace sluice::device {
namespace {

struct QueryShape {
  int64_t rows = 0, heads = 0, group = 0;  // rows of the projection, heads, heads a KV head; the most of any attention step
};

QueryShape query_shape(const model::Plan& plan) {
  QueryShape most;
  for (const auto* steps : {&plan.steps, &plan.draft_steps}) {
    for (const model::Step& step : *steps) {
      if (const auto* a = std::get_if<model::Attention>(&step.op)) {
        most.rows = std::max(most.rows, int64_t{a->heads} * a->head_dim * (a->gated ? 2 : 1));
        most.heads = std::max<int64_t>(most.heads, a->heads);
        most.group = std::max<int64_t>(most.group, a->heads / a->kv_heads);
      }
    }
  }
  return most;
}

// Walks the buffers once: with a null base it only counts, else it also hands out addresses.
class Carver {
 public:
  explicit Carver(std::byte* base) : base_(base) {}
  template <class T>
  void take(T*& p, int64_t count) {
    if (base_ != nullptr) p = reinterpret_cast<T*>(base_ + at_);
    at_ += align_up(static_cast<uint64_t>(count) * sizeof(T), 64);
  }
  uint64_t bytes() const { return at_; }

 private:
  std::byte* base_;
  uint64_t at_ = 0;
};

uint64_t carve(std::byte* base, const model::Plan& plan, int64_t t, int64_t positions, int32_t threads, Workspace& w) {
  Carver c(base);
  const int64_t rows = t + kMostDrafts * std::min<int64_t>(t, kMostParts);  // of the delta net
  const int64_t h = plan.hidden, k = plan.top_k, kv = int64_t{plan.kv_heads} * plan.head_dim;
  const QueryShape q = query_shape(plan);
  const int64_t value_dim = int64_t{plan.v_heads} * plan.dv, tile = std::min(t, kAttentionTokens), queries = tile * q.group;
  const int64_t blocks = (positions + kernels::kAttentionRows - 1) / kernels::kAttentionRows;
  w.part_stride = (plan.head_dim + 2 + 15) / 16 * 16;
  // The kernel's scratch, and the parts of two blocks.
  w.attention_scratch_floats = queries * (kernels::kAttentionRows + 2 * w.part_stride) + plan.head_dim;
  w.attention_scratch_floats = (w.attention_scratch_floats + 15) / 16 * 16;
  for (float** p : {&w.residual, &w.normed, &w.output}) c.take(*p, t * h);
  c.take(w.joined, plan.draft_layers > 0 ? t * 2 * h : 0);
  c.take(w.shared, plan.shared_width > 0 ? t * h : 0);
  c.take(w.query, t * q.rows);
  c.take(w.key, t * kv);
  c.take(w.value, t * kv);
  c.take(w.heads, t * q.heads * plan.head_dim);
  c.take(w.attention_scratch, threads * w.attention_scratch_floats);
  c.take(w.parts, blocks * tile * q.heads * w.part_stride);
  c.take(w.cosine, t * static_cast<int64_t>(plan.inv_freq.size()));
  c.take(w.sine, t * static_cast<int64_t>(plan.inv_freq.size()));
  c.take(w.mixed, rows * plan.conv_channels);
  c.take(w.conv, rows * plan.conv_channels);
  c.take(w.gate, rows * value_dim);
  c.take(w.core, rows * value_dim);
  c.take(w.beta, rows * plan.v_heads);
  c.take(w.alpha, rows * plan.v_heads);
  c.take(w.query_scale, plan.dk);
  c.take(w.key_scale, plan.dk);
  c.take(w.spare, threads * int64_t{plan.dk} * kernels::kDeltaRuleColumns);
  c.take(w.scalar, t);
  c.take(w.shared_gate, t * plan.shared_width);
  c.take(w.shared_up, t * plan.shared_width);
  c.take(w.router, t * plan.experts);
  c.take(w.weights, t * k);
  c.take(w.gathered, t * k * h);
  c.take(w.expert_out, t * k * h);
  c.take(w.expert_gate, t * k * plan.expert_width);
  c.take(w.expert_up, t * k * plan.expert_width);
  const auto row = [](int64_t cols) { return cols % quant::kIntegerGroup == 0 ? kernels::quantised_bytes(cols) : 0; };
  c.take(w.normed_quantised, t * row(h));
  c.take(w.quantised, t * std::max({row(q.heads * plan.head_dim), row(value_dim), row(plan.shared_width),
                                    plan.draft_layers > 0 ? row(2 * h) : 0}));
  c.take(w.gathered_quantised, t * k * row(h));
  c.take(w.expert_quantised, t * k * row(plan.expert_width));
  c.take(w.chosen, t * k);
  c.take(w.place, t * k);
  return c.bytes();
}

}  // namespace

uint64_t workspace_bytes(const model::Plan& plan, int64_t tokens, int64_t positions, int32_t threads) {
  Workspace unused;
  return carve(nullptr, plan, tokens, positions, threads, unused);
}

Result<Workspace> make_workspace(const model::Plan& plan, int64_t tokens, int64_t positions, int32_t threads) {
  Workspace w;
  w.tokens = tokens;
  SLUICE_TRY(w.memory, Arena::map(workspace_bytes(plan, tokens, positions, threads)));
  carve(w.memory.data(), plan, tokens, positions, threads, w);
  const auto dk = static_cast<float>(std::max(plan.dk, 1));
  std::fill_n(w.query_scale, plan.dk, 1.0f / dk);
  std::fill_n(w.key_scale, plan.dk, 1.0f / std::sqrt(dk));
  w.wanted.reserve(static_cast<size_t>(plan.experts));
  w.uses.reserve(static_cast<size_t>(plan.experts));
  w.first.resize(static_cast<size_t>(plan.experts) + 1);
  return w;
}

}  // namespace sluice::device
