#include <variant>

#include <fmt/format.h>

#include "model/blocks.h"

namespace sluice::model {
namespace {

// The matrices a head shares with its decoder.
struct Shared {
  MatrixId table = kNone, head = kNone;
};

Shared shared_with(const Plan& plan) {
  Shared out;
  for (const Step& step : plan.steps) {
    if (const auto* s = std::get_if<Embed>(&step.op)) out.table = s->table;
    if (const auto* s = std::get_if<Head>(&step.op)) out.head = s->matrix;
  }
  return out;
}

}  // namespace

// GGUF keeps the head as a further block with its own parts under nextn (qwen3_5_moe.md, 2.5 and 5.2).
void prediction_head(Builder& b, const store::ModelFiles& files, const Config& c, const BlockStyle& style, Plan& plan) {
  const int32_t layer = c.layers;
  const Names names = Names(files).of_head(files, layer);
  const auto top = [&](std::string_view hf, std::string_view gguf) {
    return names.gguf() ? names.layer(layer, "", gguf) : names.top(hf, "");
  };
  if (c.draft_layers < 1 || !b.has(top("fc.weight", "nextn.eh_proj.weight"))) return;
  if (c.draft_layers > 1) return b.fail(Code::unsupported, fmt::format("a prediction head of {} layers; one layer works", c.draft_layers));
  Shared shared = shared_with(plan);
  const size_t matrices = plan.matrices.size(), vectors = plan.vectors.size();
  if (const std::string own = top("", "nextn.embed_tokens.weight"); names.gguf() && b.has(own)) shared.table = b.matrix({own}, plan.vocab, c.hidden);
  if (const std::string own = top("", "nextn.shared_head_head.weight"); names.gguf() && b.has(own)) shared.head = b.matrix({own}, plan.vocab, c.hidden);
  const auto norm = [&](std::string_view hf, std::string_view gguf) { return b.vector({top(hf, gguf)}, c.hidden, style.norm); };

  b.into(plan.draft_steps);
  Join join{};
  join.table = shared.table;
  join.fc = b.matrix({top("fc.weight", "nextn.eh_proj.weight")}, c.hidden, 2 * int64_t{c.hidden});
  join.token_norm = norm("pre_fc_norm_embedding.weight", "nextn.enorm.weight");
  join.hidden_norm = norm("pre_fc_norm_hidden.weight", "nextn.hnorm.weight");
  join.eps = c.eps;
  b.step(layer, join);
  Config attending = c;
  attending.full_attention.assign(static_cast<size_t>(layer) + 1, true);
  decoder_layer(b, names, attending, style, layer, plan);
  b.step(layer + 1, Norm{norm("norm.weight", "nextn.shared_head_norm.weight"), c.eps});
  b.step(layer + 1, Head{shared.head});
  b.into(plan.steps);
  plan.draft_layers = 1;
  plan.draft_matrices = plan.matrices.size() - matrices;
  plan.draft_vectors = plan.vectors.size() - vectors;
}

}  // namespace sluice::model
