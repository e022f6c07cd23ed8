#include "model/config.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace sluice::model {
namespace {

// Far above any model known; keeps products of two sizes inside 64 bits and refuses nonsense early.
constexpr int64_t kLargest = int64_t{1} << 24;
constexpr int32_t kMostTopK = 1024;

// Reads keys under a prefix; the first failure sticks, so that the caller reads like the list of keys it is.
class Keys {
 public:
  Keys(const store::ModelFiles& files, std::string prefix) : files_(files), prefix_(std::move(prefix)) {}

  // A number, or a list of one number for every layer.
  int32_t size(std::string_view key) {
    const auto* all = list<int64_t>(key);
    const bool constant = all != nullptr && !all->empty() && std::equal(all->begin() + 1, all->end(), all->begin());
    return bounded(key, constant ? Result<int64_t>(all->front()) : files_.metadata.integer(prefix_ + std::string(key)));
  }
  int32_t size_or(std::string_view key, int64_t fallback) { return has(key) ? size(key) : bounded(key, fallback); }
  double real_or(std::string_view key, double fallback) {
    return take(files_.metadata.real_or(prefix_ + std::string(key), fallback));
  }
  bool boolean_or(std::string_view key, bool fallback) {
    return take(files_.metadata.boolean_or(prefix_ + std::string(key), fallback));
  }
  std::string text_or(std::string_view key, std::string fallback) {
    return take(files_.metadata.text_or(prefix_ + std::string(key), std::move(fallback)));
  }
  template <class T>
  const std::vector<T>* list(std::string_view key) const {
    const auto* value = files_.metadata.find(prefix_ + std::string(key));
    return value == nullptr ? nullptr : std::get_if<std::vector<T>>(value);
  }
  bool has(std::string_view key) const { return files_.metadata.has(prefix_ + std::string(key)); }
  void fail(Code code, std::string message) {
    if (status_.ok()) status_ = Error{code, std::move(message)};
  }
  Status finish() && {
    if (status_.ok()) return {};
    const bool folder = files_.container == store::Container::safetensors;
    return std::move(status_).error().within(folder ? files_.path + ": config.json" : files_.path);
  }
  const std::string& prefix() const { return prefix_; }

 private:
  template <class T>
  T take(Result<T> value) {
    if (value.ok()) return std::move(value).value();
    if (status_.ok()) status_ = std::move(value).error();
    return T{};
  }
  int32_t bounded(std::string_view key, Result<int64_t> value) {
    const int64_t v = take(std::move(value));
    if (status_.ok() && (v < 0 || v > kLargest)) {
      fail(Code::corrupt, fmt::format("{}{}: {} is not a size this engine believes", prefix_, key, v));
    }
    return static_cast<int32_t>(std::clamp<int64_t>(v, 0, kLargest));
  }

  const store::ModelFiles& files_;
  std::string prefix_;
  Status status_;
};

void read_layers(Keys& keys, Config& c, bool recurrent, const char* interval_key) {
  c.full_attention.assign(static_cast<size_t>(c.layers), true);
  if (!recurrent) return;
  const int32_t interval = keys.size_or(interval_key, 4);
  if (interval < 1) return keys.fail(Code::corrupt, fmt::format("{}{}: must be at least 1", keys.prefix(), interval_key));
  for (int32_t i = 0; i < c.layers; ++i) c.full_attention[static_cast<size_t>(i)] = (i + 1) % interval == 0;
}

void read_hf_rope(Keys& keys, Config& c, double partial_rotary) {
  const bool nested = keys.has("rope_parameters.rope_theta") || keys.has("rope_parameters.rope_type");
  c.rope.theta = nested ? keys.real_or("rope_parameters.rope_theta", 1e4) : keys.real_or("rope_theta", 1e4);
  double partial = keys.real_or("partial_rotary_factor", partial_rotary);
  partial = keys.real_or("rope_parameters.partial_rotary_factor", partial);
  if (!(partial >= 0.0 && partial <= 1.0)) return keys.fail(Code::corrupt, fmt::format("partial_rotary_factor: {} is not 0 to 1", partial));
  c.rope.dims = static_cast<int32_t>(c.head_dim * partial);
  for (const std::string group : {"rope_parameters.", "rope_scaling."}) {
    const std::string type = keys.text_or(group + "rope_type", keys.text_or(group + "type", "default"));
    if (type == "yarn") {
      for (const char* key : {"attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim"}) {
        if (keys.has(group + key)) keys.fail(Code::unsupported, fmt::format("{}{} does not work yet", group, key));
      }
      c.rope.yarn_factor = keys.real_or(group + "factor", 1.0);
      c.rope.yarn_original_context =
          keys.real_or(group + "original_max_position_embeddings", static_cast<double>(c.context));
    } else if (type != "default") {
      keys.fail(Code::unsupported, fmt::format("rope type \"{}\"; default and yarn work", type));
    }
  }
}

void read_hf(Keys& keys, const ConfigDefaults& d, Config& c) {
  c.hidden = keys.size("hidden_size");
  c.layers = keys.size("num_hidden_layers");
  c.heads = keys.size("num_attention_heads");
  c.kv_heads = keys.size_or("num_key_value_heads", c.heads);
  c.head_dim = keys.size_or("head_dim", c.heads > 0 ? c.hidden / c.heads : 0);
  c.experts = keys.has("num_experts") ? keys.size("num_experts") : keys.size("num_local_experts");
  c.top_k = keys.size("num_experts_per_tok");
  c.expert_width = keys.size("moe_intermediate_size");
  c.shared_width = d.recurrent ? keys.size("shared_expert_intermediate_size") : 0;
  c.context = keys.size_or("max_position_embeddings", 4096);
  c.eps = static_cast<float>(keys.real_or("rms_norm_eps", 1e-6));
  c.renormalise = !d.may_not_renormalise || keys.boolean_or("norm_topk_prob", true);
  if (d.recurrent) {
    c.k_heads = keys.size("linear_num_key_heads");
    c.v_heads = keys.size("linear_num_value_heads");
    c.dk = keys.size("linear_key_head_dim");
    c.dv = keys.size("linear_value_head_dim");
    c.conv_kernel = keys.size_or("linear_conv_kernel_dim", 4);
  }
  c.draft_layers = keys.size_or("mtp_num_hidden_layers", 1);  // Qwen3-Next has the tensors and no key
  read_hf_rope(keys, c, d.partial_rotary);
  read_layers(keys, c, d.recurrent, "full_attention_interval");
  if (const auto* types = keys.list<std::string>("layer_types"); types != nullptr && d.recurrent) {
    if (types->size() != c.full_attention.size()) {
      return keys.fail(Code::corrupt, fmt::format("layer_types: {} entries for {} layers", types->size(), c.layers));
    }
    for (size_t i = 0; i < types->size(); ++i) {
      c.full_attention[i] = (*types)[i] == "full_attention";
      if (!c.full_attention[i] && (*types)[i] != "linear_attention") {
        keys.fail(Code::unsupported, fmt::format("layer_types[{}] \"{}\"; full_attention and linear_attention work", i, (*types)[i]));
      }
    }
  }
  if (const auto* dense = keys.list<int64_t>("mlp_only_layers"); dense != nullptr && !dense->empty()) {
    keys.fail(Code::unsupported, "mlp_only_layers: dense layers inside an MoE model do not work yet");
  }
  if (keys.size_or("decoder_sparse_step", 1) != 1) {
    keys.fail(Code::unsupported, "decoder_sparse_step: only 1 (every layer MoE) works yet");
  }
  if (keys.boolean_or("attention_bias", false)) keys.fail(Code::unsupported, "attention_bias does not work yet");
  if (const std::string act = keys.text_or("hidden_act", "silu"); act != "silu") {
    keys.fail(Code::unsupported, fmt::format("hidden_act \"{}\"; only silu works", act));
  }
  if (keys.boolean_or("use_sliding_window", false)) keys.fail(Code::unsupported, "use_sliding_window does not work yet");
}

// Ollama writes head_count_kv as an array with 0 for recurrent layers; everybody else a number.
int32_t gguf_kv_heads(Keys& keys, int32_t heads) {
  if (const auto* list = keys.list<int64_t>("attention.head_count_kv"); list != nullptr) {
    const auto most = std::max_element(list->begin(), list->end());
    return most == list->end() ? 0 : static_cast<int32_t>(std::clamp<int64_t>(*most, 0, kLargest));
  }
  return keys.size_or("attention.head_count_kv", heads);
}

void read_gguf(Keys& keys, const ConfigDefaults& d, Config& c) {
  c.hidden = keys.size("embedding_length");
  c.draft_layers = keys.size_or("nextn_predict_layers", 0);
  c.layers = keys.size("block_count") - c.draft_layers;
  if (c.layers < 1) return keys.fail(Code::corrupt, "block_count: no layers beside the prediction head");
  c.heads = keys.size("attention.head_count");
  c.kv_heads = gguf_kv_heads(keys, c.heads);
  c.head_dim = keys.size_or("attention.key_length", c.heads > 0 ? c.hidden / c.heads : 0);
  if (keys.size_or("attention.value_length", c.head_dim) != c.head_dim) {
    keys.fail(Code::unsupported, "attention.value_length differs from key_length");
  }
  c.experts = keys.size("expert_count");
  c.top_k = keys.size("expert_used_count");
  c.expert_width = keys.size("expert_feed_forward_length");
  c.shared_width = d.recurrent ? keys.size("expert_shared_feed_forward_length") : 0;
  c.context = keys.size_or("context_length", 4096);
  c.eps = static_cast<float>(keys.real_or("attention.layer_norm_rms_epsilon", 1e-6));
  c.renormalise = !d.may_not_renormalise || keys.boolean_or("expert_weights_norm", true);
  if (d.recurrent) {
    c.k_heads = keys.size("ssm.group_count");
    c.v_heads = keys.size("ssm.time_step_rank");
    c.dk = keys.size("ssm.state_size");
    c.dv = c.v_heads > 0 ? keys.size("ssm.inner_size") / c.v_heads : 0;
    c.conv_kernel = keys.size_or("ssm.conv_kernel", 4);
  }
  c.rope.theta = keys.real_or("rope.freq_base", 1e4);
  c.rope.dims = keys.size_or("rope.dimension_count", static_cast<int64_t>(c.head_dim * d.partial_rotary));
  const std::string scaling = keys.text_or("rope.scaling.type", "none");
  if (scaling == "yarn") {
    c.rope.yarn_factor = keys.real_or("rope.scaling.factor", 1.0);
    c.rope.yarn_original_context =
        keys.real_or("rope.scaling.original_context_length", static_cast<double>(c.context));
  } else if (scaling != "none") {
    keys.fail(Code::unsupported, fmt::format("rope.scaling.type \"{}\"; none and yarn work", scaling));
  }
  read_layers(keys, c, d.recurrent, "full_attention_interval");
  if (const auto* recurrent = keys.list<bool>("attention.recurrent_layers"); recurrent != nullptr && d.recurrent) {
    if (recurrent->size() < c.full_attention.size()) {
      return keys.fail(Code::corrupt, fmt::format("attention.recurrent_layers: {} entries for {} layers",
                                                  recurrent->size(), c.layers));
    }
    for (size_t i = 0; i < c.full_attention.size(); ++i) c.full_attention[i] = !(*recurrent)[i];
  }
  c.tiled_v_heads = keys.boolean_or("ssm.v_head_reordered", std::string_view(d.gguf_arch) == "qwen35moe");
}

void check(Keys& keys, const Config& c, bool recurrent) {
  auto need = [&](bool good, std::string_view what) {
    if (!good) keys.fail(Code::corrupt, fmt::format("configuration: {}", what));
  };
  // The bounds keep every product of sizes that is taken later inside 64 bits, and channel counts inside 32.
  need(c.hidden > 0 && c.hidden <= 1 << 17, "hidden size must be 1 to 131072");
  need(c.layers > 0 && c.layers <= 1024, "layer count must be 1 to 1024");
  need(int64_t{c.heads} * c.head_dim <= 1 << 20 && int64_t{c.kv_heads} * c.head_dim <= 1 << 18, "attention is too wide");
  need(c.heads > 0 && c.kv_heads > 0 && c.heads % std::max(c.kv_heads, 1) == 0, "heads must be a multiple of KV heads");
  need(c.head_dim > 0 && c.head_dim <= 4096, "head dimension must be 1 to 4096");
  need(c.rope.dims >= 0 && c.rope.dims % 2 == 0 && c.rope.dims <= c.head_dim, "rotary dimensions must be even and fit a head");
  need(c.rope.theta > 1.0 && std::isfinite(c.rope.theta), "rope theta must be above 1");
  need(c.rope.yarn_factor >= 1.0 && c.rope.yarn_factor <= 4096.0, "rope scaling factor must be 1 to 4096");
  need(c.rope.yarn_factor == 1.0 || (c.rope.yarn_original_context >= 1.0 && c.rope.yarn_original_context <= kLargest),
       "rope scaling's original context must be positive");
  need(c.experts > 0 && c.experts <= 65536 && c.top_k > 0 && c.top_k <= c.experts && c.top_k <= kMostTopK,
       "experts per token must be 1 to the number of experts (at most 1024)");
  need(c.expert_width > 0 && c.expert_width <= 1 << 20 && c.shared_width <= 1 << 20, "expert widths must be 1 to 1048576");
  need(c.context > 0, "context length must be positive");
  need(c.eps > 0.0f && c.eps < 1.0f, "norm epsilon must be between 0 and 1");
  if (!recurrent) return;
  need(c.shared_width > 0, "shared expert width must be positive");
  need(c.k_heads > 0 && c.v_heads > 0 && c.v_heads % std::max(c.k_heads, 1) == 0,
       "linear value heads must be a multiple of linear key heads");
  need(c.dk > 0 && c.dk <= 4096 && c.dv > 0 && c.dv <= 4096, "linear head dimensions must be 1 to 4096");
  need(int64_t{c.k_heads} * c.dk <= 1 << 20 && int64_t{c.v_heads} * c.dv <= 1 << 20, "linear attention is too wide");
  need(c.k_heads <= 4096 && c.v_heads <= 4096, "linear heads must be at most 4096");
  need(c.conv_kernel >= 1 && c.conv_kernel <= 16, "convolution kernel must be 1 to 16");
}

}  // namespace

Result<Config> read_config(const store::ModelFiles& files, const ConfigDefaults& defaults, int32_t top_k_override) {
  Config c;
  const bool gguf = files.container == store::Container::gguf;
  const std::string prefix = gguf ? std::string(defaults.gguf_arch) + "."
                             : files.metadata.has("text_config.hidden_size") ? "text_config." : "";
  Keys keys(files, prefix);
  gguf ? read_gguf(keys, defaults, c) : read_hf(keys, defaults, c);
  check(keys, c, defaults.recurrent);
  SLUICE_TRY_VOID(std::move(keys).finish());
  if (c.rope.yarn_factor > 1.0) {  // users add YaRN and leave the trained context as it stands
    const double stretched = c.rope.yarn_factor * c.rope.yarn_original_context;
    c.context = std::max(c.context, static_cast<int64_t>(std::min(stretched, static_cast<double>(kLargest))));
  }
  if (!gguf) {
    // Vision-language releases keep the flag at the top, text-only files wherever the other fields are.
    SLUICE_TRY(const bool nested, files.metadata.boolean_or("text_config.tie_word_embeddings", false));
    SLUICE_TRY(c.tied, files.metadata.boolean_or("tie_word_embeddings", nested));
  }
  c.trained_top_k = c.top_k;
  if (top_k_override < 0 || top_k_override > std::min(c.experts, kMostTopK)) {
    return Error{Code::invalid, fmt::format("--experts {}: this model has {} experts a layer and was trained with {} per token",
                                            top_k_override, c.experts, c.trained_top_k)};
  }
  if (top_k_override > 0) c.top_k = top_k_override;
  return c;
}

std::vector<float> inverse_frequencies(const Rope& rope) {
  std::vector<float> out(static_cast<size_t>(rope.dims / 2));
  const double d = rope.dims;
  auto correction = [&](double rotations) {
    return d * std::log(rope.yarn_original_context / (rotations * 2 * std::numbers::pi)) / (2 * std::log(rope.theta));
  };
  for (size_t i = 0; i < out.size(); ++i) {
    double f = std::pow(rope.theta, -2.0 * static_cast<double>(i) / d);
    if (rope.yarn_factor > 1.0) {
      const double low = std::max(std::floor(correction(32)), 0.0);
      const double high = std::max(std::min(std::ceil(correction(1)), d - 1), low + 1e-3);
      const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
      f = f * (1 - ramp) + f / rope.yarn_factor * ramp;
    }
    out[i] = static_cast<float>(f);
  }
  return out;
}

float rope_scale(const Rope& rope) {
  return rope.yarn_factor > 1.0 ? static_cast<float>(0.1 * std::log(rope.yarn_factor) + 1.0) : 1.0f;
}

}  // namespace sluice::model
