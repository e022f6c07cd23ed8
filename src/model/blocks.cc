#include "model/blocks.h"

#include <fmt/format.h>

namespace sluice::model {

Names::Names(const store::ModelFiles& files) : gguf_(files.container == store::Container::gguf) {
  for (std::string_view prefix : {"model.language_model.", "language_model.model.", "model."}) {
    prefix_ = prefix;
    if (files.find(prefix_ + "embed_tokens.weight") != nullptr) break;
  }
  if (files.find("language_model.lm_head.weight") != nullptr) head_prefix_ = "language_model.";
}

std::string Names::layer(int32_t layer, std::string_view hf, std::string_view gguf) const {
  return gguf_ ? fmt::format("blk.{}.{}", layer, gguf) : fmt::format("{}layers.{}.{}", prefix_, layer - first_layer_, hf);
}

Names Names::of_head(const store::ModelFiles& files, int32_t layer) const {
  Names out = *this;
  out.first_layer_ = layer;
  for (std::string_view prefix : {"model.mtp.", "language_model.mtp.", "mtp."}) {
    out.prefix_ = prefix;
    if (files.find(out.prefix_ + "fc.weight") != nullptr) break;
  }
  return out;
}

std::string Names::top(std::string_view hf, std::string_view gguf) const {
  return gguf_ ? std::string(gguf) : prefix_ + std::string(hf);
}

std::string Names::head() const { return gguf_ ? "output.weight" : head_prefix_ + "lm_head.weight"; }

namespace {

void attention(Builder& b, const Names& names, const Config& c, const BlockStyle& style, int32_t layer, Plan& plan) {
  auto n = [&](std::string_view hf, std::string_view gguf) { return names.layer(layer, hf, gguf); };
  const int64_t q_rows = int64_t{c.heads} * c.head_dim * (style.gated_attention ? 2 : 1);
  const int64_t kv_rows = int64_t{c.kv_heads} * c.head_dim;
  Attention a{};
  if (const std::string fused = names.layer(layer, "self_attn.qkv_proj.weight", "attn_qkv.weight"); b.has(fused)) {
    const int64_t all = q_rows + 2 * kv_rows;
    a.q = b.matrix_rows({fused}, all, c.hidden, {{0, q_rows}});
    a.k = b.matrix_rows({fused}, all, c.hidden, {{q_rows, kv_rows}});
    a.v = b.matrix_rows({fused}, all, c.hidden, {{q_rows + kv_rows, kv_rows}});
  } else {
    a.q = b.matrix({n("self_attn.q_proj.weight", "attn_q.weight")}, q_rows, c.hidden);
    a.k = b.matrix({n("self_attn.k_proj.weight", "attn_k.weight")}, kv_rows, c.hidden);
    a.v = b.matrix({n("self_attn.v_proj.weight", "attn_v.weight")}, kv_rows, c.hidden);
  }
  a.o = b.matrix({n("self_attn.o_proj.weight", "attn_output.weight")}, c.hidden, int64_t{c.heads} * c.head_dim);
  a.q_norm = b.vector({n("self_attn.q_norm.weight", "attn_q_norm.weight")}, c.head_dim, style.norm);
  a.k_norm = b.vector({n("self_attn.k_norm.weight", "attn_k_norm.weight")}, c.head_dim, style.norm);
  a.heads = c.heads;
  a.kv_heads = c.kv_heads;
  a.head_dim = c.head_dim;
  a.rotary_dims = c.rope.dims;
  a.gated = style.gated_attention;
  a.eps = c.eps;
  a.kv_index = plan.attention_layers++;
  b.step(layer, a);
}

// Qwen3-Next keeps its projections fused and grouped by key head: q, k, then the group's v and z heads. Taking rows in
// another order undoes the grouping for every number format, since rows are independent.
void fused_projections(Builder& b, const std::string& qkvz, const std::string& ba, const Config& c, DeltaNet& d) {
  const int64_t r = c.v_heads / c.k_heads;
  const int64_t group = 2 * c.dk + 2 * r * c.dv;
  std::vector<RowRun> qkv, z, beta, alpha;
  for (int64_t g = 0; g < c.k_heads; ++g) qkv.push_back({g * group, c.dk});
  for (int64_t g = 0; g < c.k_heads; ++g) qkv.push_back({g * group + c.dk, c.dk});
  for (int64_t g = 0; g < c.k_heads; ++g) {
    qkv.push_back({g * group + 2 * c.dk, r * c.dv});
    z.push_back({g * group + 2 * c.dk + r * c.dv, r * c.dv});
    beta.push_back({g * 2 * r, r});
    alpha.push_back({g * 2 * r + r, r});
  }
  if (!qkvz.empty()) {
    d.qkv = b.matrix_rows({qkvz}, group * c.k_heads, c.hidden, std::move(qkv));
    d.z = b.matrix_rows({qkvz}, group * c.k_heads, c.hidden, std::move(z));
  }
  d.beta = b.matrix_rows({ba}, 2 * int64_t{c.v_heads}, c.hidden, std::move(beta));
  d.alpha = b.matrix_rows({ba}, 2 * int64_t{c.v_heads}, c.hidden, std::move(alpha));
}

void delta_net(Builder& b, const Names& names, const Config& c, const BlockStyle& style, int32_t layer, Plan& plan) {
  auto n = [&](std::string_view hf, std::string_view gguf) { return names.layer(layer, hf, gguf); };
  const int64_t channels = 2 * int64_t{c.k_heads} * c.dk + int64_t{c.v_heads} * c.dv;
  const int64_t value_dim = int64_t{c.v_heads} * c.dv;
  DeltaNet d{};
  // GGUF files of qwen3next may keep either pair fused (qwen3_5_moe.md, 5.4).
  const std::string qkvz = n("linear_attn.in_proj_qkvz.weight", "ssm_in.weight");
  const std::string ba = names.gguf() && !b.has(n("", "ssm_ba.weight")) ? n("", "ssm_beta_alpha.weight")
                                                                         : n("linear_attn.in_proj_ba.weight", "ssm_ba.weight");
  const bool whole = b.has(qkvz);
  if (style.fused_projections) fused_projections(b, whole || !names.gguf() ? qkvz : "", ba, c, d);
  if (!style.fused_projections || (names.gguf() && !whole)) {
    d.qkv = b.matrix({n("linear_attn.in_proj_qkv.weight", "attn_qkv.weight")}, channels, c.hidden);
    d.z = b.matrix({n("linear_attn.in_proj_z.weight", "attn_gate.weight")}, value_dim, c.hidden);
  }
  if (!style.fused_projections) {
    d.beta = b.matrix({n("linear_attn.in_proj_b.weight", "ssm_beta.weight")}, c.v_heads, c.hidden);
    d.alpha = b.matrix({n("linear_attn.in_proj_a.weight", "ssm_alpha.weight")}, c.v_heads, c.hidden);
  }
  d.out = b.matrix({n("linear_attn.out_proj.weight", "ssm_out.weight")}, c.hidden, value_dim);
  d.conv = b.vector({n("linear_attn.conv1d.weight", "ssm_conv1d.weight")}, channels * c.conv_kernel,
                    Transform::transpose_taps, c.conv_kernel);
  // GGUF stores -exp(A_log) already.
  d.a = b.vector({n("linear_attn.A_log", "ssm_a")}, c.v_heads, names.gguf() ? Transform::none : Transform::neg_exp);
  d.dt_bias = b.vector({n("linear_attn.dt_bias", "ssm_dt.bias"), n("linear_attn.dt_bias", "ssm_dt")}, c.v_heads);
  d.norm = b.vector({n("linear_attn.norm.weight", "ssm_norm.weight")}, c.dv);
  d.k_heads = c.k_heads;
  d.v_heads = c.v_heads;
  d.dk = c.dk;
  d.dv = c.dv;
  d.kernel = c.conv_kernel;
  d.tiled = c.tiled_v_heads;
  d.eps = c.eps;
  d.state_index = plan.recurrent_layers++;
  b.step(layer, d);
}

void mixture(Builder& b, const Names& names, const Config& c, int32_t layer) {
  auto n = [&](std::string_view hf, std::string_view gguf) { return names.layer(layer, hf, gguf); };
  const int64_t h = c.hidden;
  Builder::ExpertNames e;
  e.gate_up = n("mlp.experts.gate_up_proj", "ffn_gate_up_exps.weight");
  e.gate = n("mlp.switch_mlp.gate_proj.weight", "ffn_gate_exps.weight");
  e.up = n("mlp.switch_mlp.up_proj.weight", "ffn_up_exps.weight");
  e.down = n("mlp.switch_mlp.down_proj.weight", "ffn_down_exps.weight");
  if (!names.gguf()) {
    if (b.has(e.gate_up)) e.down = n("mlp.experts.down_proj", "");
    e.each_prefix = n("mlp.experts.", "");
    e.each_gate = "gate_proj.weight";
    e.each_up = "up_proj.weight";
    e.each_down = "down_proj.weight";
  }
  const MatrixId router = b.matrix({n("mlp.gate.weight", "ffn_gate_inp.weight")}, c.experts, h);
  const int32_t moe = b.experts(layer, e, c.experts, c.expert_width, c.hidden);
  b.step(layer, Route{router, c.experts, c.top_k, c.renormalise, moe});
  if (c.shared_width > 0) {
    SharedFfn s{};
    s.gate = b.matrix({n("mlp.shared_expert.gate_proj.weight", "ffn_gate_shexp.weight")}, c.shared_width, h);
    s.up = b.matrix({n("mlp.shared_expert.up_proj.weight", "ffn_up_shexp.weight")}, c.shared_width, h);
    s.down = b.matrix({n("mlp.shared_expert.down_proj.weight", "ffn_down_shexp.weight")}, h, c.shared_width);
    s.scale = b.matrix({n("mlp.shared_expert_gate.weight", "ffn_gate_inp_shexp.weight")}, 1, h);
    s.width = c.shared_width;
    b.step(layer, s);
  }
  b.step(layer, Experts{moe, c.expert_width, c.shared_width > 0});
}

void fill_shape(const Config& c, Plan& plan) {
  plan.hidden = c.hidden;
  plan.layers = c.layers;
  plan.experts = c.experts;
  plan.top_k = c.top_k;
  plan.trained_top_k = c.trained_top_k;
  plan.expert_width = c.expert_width;
  plan.shared_width = c.shared_width;
  plan.context = c.context;
  plan.kv_heads = c.kv_heads;
  plan.head_dim = c.head_dim;
  plan.v_heads = c.v_heads;
  plan.dk = c.dk;
  plan.dv = c.dv;
  plan.conv_kernel = c.conv_kernel;
  plan.conv_channels = 2 * c.k_heads * c.dk + c.v_heads * c.dv;  // bounded by read_config
  plan.inv_freq = inverse_frequencies(c.rope);
  plan.rope_scale = rope_scale(c.rope);
}

}  // namespace

Transform centred_norm(const store::ModelFiles& files) {
  if (files.container == store::Container::gguf) return Transform::none;
  for (const store::Tensor& t : files.tensors) {
    if (!t.name.ends_with("layers.0.linear_attn.conv1d.weight") || t.shape.empty()) continue;
    return t.shape.back() != 1 ? Transform::plus_one : Transform::none;
  }
  return files.mlx ? Transform::none : Transform::plus_one;
}

void decoder_layer(Builder& b, const Names& names, const Config& c, const BlockStyle& style, int32_t layer, Plan& plan) {
  b.step(layer, Norm{b.vector({names.layer(layer, "input_layernorm.weight", "attn_norm.weight")}, c.hidden, style.norm), c.eps});
  if (c.full_attention[static_cast<size_t>(layer)]) {
    attention(b, names, c, style, layer, plan);
  } else {
    delta_net(b, names, c, style, layer, plan);
  }
  b.step(layer, Add{});
  const VectorId norm = b.vector({names.layer(layer, "post_attention_layernorm.weight", "post_attention_norm.weight"),
                                  names.layer(layer, "post_attention_layernorm.weight", "ffn_norm.weight")},
                                 c.hidden, style.norm);
  b.step(layer, Norm{norm, c.eps});
  mixture(b, names, c, layer);
  b.step(layer, Add{});
}

void decoder(Builder& b, const Names& names, const Config& c, const BlockStyle& style, Plan& plan) {
  fill_shape(c, plan);
  const std::string embed = names.top("embed_tokens.weight", "token_embd.weight");
  const store::Tensor* table = b.find({embed});
  plan.vocab = table != nullptr && !table->shape.empty() && table->shape[0] < (int64_t{1} << 28)
                   ? static_cast<int32_t>(table->shape[0]) : 0;
  const MatrixId embed_id = b.matrix({embed}, plan.vocab, c.hidden);
  if (table != nullptr && plan.vocab == 0) b.fail(Code::corrupt, fmt::format("tensor {}: no token has a row", embed));
  b.step(-1, Embed{embed_id});
  // A configuration of a line may claim more layers than there is memory to list; none is listed behind the first that is wrong.
  for (int32_t layer = 0; layer < c.layers && !b.failed(); ++layer) decoder_layer(b, names, c, style, layer, plan);
  b.step(c.layers, Norm{b.vector({names.top("norm.weight", "output_norm.weight")}, c.hidden, style.norm), c.eps});
  // Tied models have no head; some tied checkpoints carry a copy all the same, which is then the same matrix.
  const bool separate = b.has(names.head()) && !c.tied;
  if (!separate && !c.tied && !names.gguf()) b.fail(Code::not_found, fmt::format("tensor {} is missing", names.head()));
  b.step(c.layers, Head{separate ? b.matrix({names.head()}, plan.vocab, c.hidden) : embed_id});
}

}  // namespace sluice::model
