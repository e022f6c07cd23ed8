#include "store/synth_metadata.h"

#include <fmt/format.h>

namespace sluice::store {
namespace {

void attention_keys(const SynthShape& s, std::vector<KeyValue>& out, const std::string& a) {
  auto add = [&](std::string_view key, Metadata::Value value) {
    out.push_back({a + std::string(key), std::move(value)});
  };
  add("attention.head_count", int64_t{s.heads});
  add("attention.head_count_kv", int64_t{s.kv_heads});
  add("attention.key_length", int64_t{s.head_dim});
  add("attention.value_length", int64_t{s.head_dim});
  add("attention.layer_norm_rms_epsilon", 1e-6);
  add("rope.dimension_count", int64_t{s.rotary});
  if (s.sections[0] > 0) {
    add("rope.dimension_sections", std::vector<int64_t>{s.sections[0], s.sections[1], s.sections[2], 0});
  }
  add("rope.freq_base", double{s.rope_theta});
}

void delta_net_keys(const SynthShape& s, std::vector<KeyValue>& out, const std::string& a) {
  auto add = [&](std::string_view key, int64_t value) { out.push_back({a + std::string(key), value}); };
  add("ssm.conv_kernel", s.conv_kernel);
  add("ssm.state_size", s.linear_dim);
  add("ssm.group_count", s.k_heads);
  add("ssm.time_step_rank", s.v_heads);
  add("ssm.inner_size", s.value_dim());
  add("full_attention_interval", s.interval);
}

}  // namespace

std::vector<KeyValue> synth_architecture(const SynthShape& s, const SynthFormat& format) {
  const std::string architecture(gguf_architecture(s.family)), a = architecture + ".";
  std::vector<KeyValue> out;
  auto add = [&](std::string key, Metadata::Value value) { out.push_back({std::move(key), std::move(value)}); };
  add("general.architecture", architecture);
  add("general.type", std::string("model"));
  add("general.name", fmt::format("{} (synthetic, random weights)", s.name));
  add("general.quantization_version", int64_t{2});
  add("general.file_type", int64_t{format.file_type});
  add(a + "block_count", int64_t{s.layers});
  add(a + "context_length", int64_t{s.context});
  add(a + "embedding_length", int64_t{s.hidden});
  add(a + "expert_count", int64_t{s.experts});
  add(a + "expert_used_count", int64_t{s.top_k});
  add(a + "expert_feed_forward_length", int64_t{s.expert_width});
  if (s.shared_width > 0) add(a + "expert_shared_feed_forward_length", int64_t{s.shared_width});
  attention_keys(s, out, a);
  if (s.recurrent()) delta_net_keys(s, out, a);
  return out;
}

}  // namespace sluice::store
