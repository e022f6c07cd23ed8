// The tensors of a model by name and shape (docs/qwen3_5_moe.md, sections 5.2 to 5.4), and what they are filled with:
// weights of deviation 1 / sqrt(inputs), so that what goes in at 1 comes out at 1; what is added to the stream is
// smaller, so that it stays near the embeddings, whose first value carries the popularity of the experts.
#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "store/synth_shape.h"

namespace sluice::store {
namespace {

constexpr float kSublayer = 0.3f;  // of what attention and experts add to the stream
constexpr float kRouter = 1.5f;    // deviation of a router's logits, popularity apart
constexpr float kGrowth = 0.05f;   // what a layer adds to the stream's mean square: attention 0.03, experts 0.02

class Tensors {
 public:
  Tensors(const SynthShape& shape, quant::FormatId format, float skew) : s_(shape), format_(format), skew_(skew) {}

  std::vector<SynthTensor> all() && {
    const int64_t h = s_.hidden;
    Fill embedding = Fill::normal(1);
    if (skew_ > 0) embedding.first = Fill::First::constant, embedding.first_value = 1;
    add("token_embd.weight", format_, {h, s_.vocab}, embedding);
    add("output_norm.weight", quant::FormatId::f32, {h}, Fill::constant(1));
    matrix("output.weight", h, s_.vocab);
    for (int32_t layer = 0; layer < s_.layers; ++layer) {
      prefix_ = fmt::format("blk.{}.", layer);
      norm("attn_norm.weight", h);
      s_.full_attention(layer) ? attention() : delta_net();
      norm(s_.family == SynthFamily::qwen3_moe ? "ffn_norm.weight" : "post_attention_norm.weight", h);
      mixture(layer);
    }
    return std::move(out_);
  }

 private:
  void attention() {
    const int64_t h = s_.hidden, q = int64_t{s_.heads} * s_.head_dim, kv = int64_t{s_.kv_heads} * s_.head_dim;
    matrix("attn_q.weight", h, s_.recurrent() ? 2 * q : q);  // with a gate
    matrix("attn_k.weight", h, kv);
    matrix("attn_v.weight", h, kv);
    matrix("attn_output.weight", q, h, kSublayer);
    norm("attn_q_norm.weight", s_.head_dim);
    norm("attn_k_norm.weight", s_.head_dim);
  }

  void delta_net() {
    const int64_t h = s_.hidden, channels = 2 * s_.key_dim() + s_.value_dim();
    matrix("attn_qkv.weight", h, channels);
    matrix("attn_gate.weight", h, s_.value_dim());
    if (s_.family == SynthFamily::qwen3_next) {
      matrix("ssm_ba.weight", h, 2 * int64_t{s_.v_heads});
    } else {
      matrix("ssm_beta.weight", h, s_.v_heads);
      matrix("ssm_alpha.weight", h, s_.v_heads);
    }
    // Decay exp(a * softplus(alpha + dt)): heads that forget within a few tokens and heads that keep hundreds.
    vector("ssm_a", {s_.v_heads}, Fill::uniform(-8.0f, -0.5f));
    vector("ssm_dt.bias", {s_.v_heads}, Fill::uniform(-6.0f, -2.0f));
    vector("ssm_conv1d.weight", {s_.conv_kernel, channels}, scaled(s_.conv_kernel, 1));
    norm("ssm_norm.weight", s_.linear_dim);
    matrix("ssm_out.weight", s_.value_dim(), h, kSublayer);
  }

  void mixture(int32_t layer) {
    const int64_t h = s_.hidden, wide = s_.expert_width, shared = s_.shared_width;
    Fill router = scaled(s_.hidden, kRouter);
    if (skew_ > 0) {  // the norm divides by the stream's size; popularity is to be the same in every layer
      router.first = Fill::First::normal;
      router.first_value = skew_ * std::sqrt(1 + kGrowth * static_cast<float>(layer));
    }
    vector("ffn_gate_inp.weight", {h, s_.experts}, router);
    matrix("ffn_gate_exps.weight", h, wide, 1, s_.experts);
    matrix("ffn_up_exps.weight", h, wide, 1, s_.experts);
    matrix("ffn_down_exps.weight", wide, h, kSublayer, s_.experts);
    if (shared == 0) return;
    vector("ffn_gate_inp_shexp.weight", {h}, scaled(h, 1));
    matrix("ffn_gate_shexp.weight", h, shared);
    matrix("ffn_up_shexp.weight", h, shared);
    matrix("ffn_down_shexp.weight", shared, h, kSublayer);
  }

  static Fill scaled(int64_t inputs, float gain) { return Fill::normal(gain / std::sqrt(static_cast<float>(inputs))); }
  void matrix(std::string_view name, int64_t inputs, int64_t outputs, float gain = 1, int64_t experts = 0) {
    std::vector<int64_t> ne = {inputs, outputs};
    if (experts > 0) ne.push_back(experts);
    add(name, format_, std::move(ne), scaled(inputs, gain));
  }
  // In F32, as every converter writes them.
  void vector(std::string_view name, std::vector<int64_t> ne, const Fill& fill) {
    add(name, quant::FormatId::f32, std::move(ne), fill);
  }
  void norm(std::string_view name, int64_t size) { vector(name, {size}, Fill::constant(1)); }
  void add(std::string_view name, quant::FormatId format, std::vector<int64_t> ne, const Fill& fill) {
    out_.push_back({prefix_ + std::string(name), format, std::move(ne), fill});
  }

  const SynthShape& s_;
  quant::FormatId format_;
  float skew_;
  std::string prefix_;
  std::vector<SynthTensor> out_;
};

}  // namespace

int64_t SynthTensor::rows() const {
  return std::accumulate(ne.begin() + 1, ne.end(), int64_t{1}, std::multiplies<>());
}

std::vector<SynthTensor> synth_tensors(const SynthShape& shape, quant::FormatId format, float skew) {
  return Tensors(shape, format, skew).all();
}

}  // namespace sluice::store
