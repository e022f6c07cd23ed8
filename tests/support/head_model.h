// The tiny golden Qwen3.5 checkpoint with a multi-token prediction head, as a folder of safetensors or as GGUF. Test code only.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "store/load.h"
#include "store/model_files.h"
#include "support/gguf_writer.h"
#include "support/safetensors_writer.h"
#include "support/temp_folder.h"

namespace sluice::testing {

struct NamedTensor {
  std::string name;  // as Hugging Face has it
  std::vector<int64_t> shape;
  std::vector<float> values;
};

inline std::vector<NamedTensor> read_tensors(const std::string& path) {
  std::vector<NamedTensor> out;
  auto files = store::open_model(path);
  EXPECT_TRUE(files.ok()) << files.error().message;
  if (!files.ok()) return out;
  for (const store::Tensor& t : files->tensors) {
    auto values = store::load_vector(*files, t);
    EXPECT_TRUE(values.ok()) << values.error().message;
    out.push_back({t.name, t.shape, std::move(values).value()});
  }
  return out;
}

class HeadModel {
 public:
  static std::string golden() { return std::string(SLUICE_SOURCE_DIR) + "/tests/golden/data/"; }

  // The trunk of a golden checkpoint, "qwen3_5_moe", and no head.
  explicit HeadModel(const std::string& family = "qwen3_5_moe") : tensors_(read_tensors(golden() + "seed100/" + family + "/model.safetensors")) {
    std::ifstream file(golden() + "seed100/" + family + "/config.json");
    config_.assign(std::istreambuf_iterator<char>(file), {});
  }

  // Only the layers before `layers`, none of which has attention where it is less than 4.
  HeadModel& cut(int layers) {
    std::erase_if(tensors_, [&](const NamedTensor& t) { return t.name.starts_with("model.layers.") && t.name[13] - '0' >= layers; });
    config_.insert(config_.find('{') + 1, "\"num_hidden_layers\": " + std::to_string(layers) + ",");
    for (const char* key : {"\"num_hidden_layers\": 4,", "\"layer_types\": ["}) {
      const size_t at = config_.find(key);
      EXPECT_NE(at, std::string::npos) << key;
      config_.replace(at, 2, "\"_");  // another key, which nobody asks for
    }
    return *this;
  }

  // With the random head of tests/golden/data.
  HeadModel& add_random_head() {
    for (NamedTensor& t : read_tensors(golden() + "mtp_seed100/mtp.safetensors")) tensors_.push_back(std::move(t));
    return *this;
  }

  NamedTensor& at(const std::string& name) { return const_cast<NamedTensor&>(std::as_const(*this).at(name)); }
  const NamedTensor& at(const std::string& name) const {
    for (const NamedTensor& t : tensors_) {
      if (t.name == name) return t;
    }
    ADD_FAILURE() << name;
    return tensors_.front();
  }

  // Random weights say something new all the time. With what the layers add made small, the last token counts most, and greedy
  // text soon goes round in circles.
  HeadModel& make_repetitive(float scale) {
    for (NamedTensor& t : tensors_) {
      if (t.name.starts_with("mtp.")) continue;
      for (const char* end : {"o_proj.weight", "out_proj.weight", "down_proj.weight", "experts.down_proj"}) {
        if (!t.name.ends_with(end)) continue;
        for (float& x : t.values) x *= scale;
        break;
      }
    }
    return *this;
  }

  // The model's path in `folder`.
  std::string write_safetensors(const TempFolder& folder) const {
    SafetensorsWriter w;
    for (const NamedTensor& t : tensors_) w.tensor(t.name, "F32", t.shape, bytes(t.values));
    w.write(folder / "model.safetensors");
    std::string config = config_;
    config.insert(config.find('{') + 1, "\"mtp_num_hidden_layers\": 1,");
    folder.file("config.json", config);
    return folder.path();
  }
  std::string write_gguf(const TempFolder& folder) const;

 private:
  static std::string bytes(const std::vector<float>& v) { return {reinterpret_cast<const char*>(v.data()), v.size() * sizeof(float)}; }
  static std::string gguf_name(const std::string& name);
  void add_stacked_experts(GgufWriter& w) const;

  std::vector<NamedTensor> tensors_;
  std::string config_;
};

// The layer's part of a name, spelt as GGUF spells it.
inline std::string HeadModel::gguf_name(const std::string& name) {
  static const std::pair<const char*, const char*> kNames[] = {
      {"input_layernorm.weight", "attn_norm.weight"}, {"post_attention_layernorm.weight", "post_attention_norm.weight"},
      {"self_attn.q_proj.weight", "attn_q.weight"}, {"self_attn.k_proj.weight", "attn_k.weight"}, {"self_attn.v_proj.weight", "attn_v.weight"},
      {"self_attn.o_proj.weight", "attn_output.weight"}, {"self_attn.q_norm.weight", "attn_q_norm.weight"}, {"self_attn.k_norm.weight", "attn_k_norm.weight"},
      {"linear_attn.in_proj_qkv.weight", "attn_qkv.weight"}, {"linear_attn.in_proj_z.weight", "attn_gate.weight"}, {"linear_attn.in_proj_b.weight", "ssm_beta.weight"},
      {"linear_attn.in_proj_a.weight", "ssm_alpha.weight"}, {"linear_attn.A_log", "ssm_a"}, {"linear_attn.dt_bias", "ssm_dt.bias"},
      {"linear_attn.conv1d.weight", "ssm_conv1d.weight"}, {"linear_attn.norm.weight", "ssm_norm.weight"}, {"linear_attn.out_proj.weight", "ssm_out.weight"},
      {"mlp.gate.weight", "ffn_gate_inp.weight"}, {"mlp.experts.gate_up_proj", "ffn_gate_up_exps.weight"}, {"mlp.experts.down_proj", "ffn_down_exps.weight"},
      {"mlp.shared_expert_gate.weight", "ffn_gate_inp_shexp.weight"}, {"mlp.shared_expert.gate_proj.weight", "ffn_gate_shexp.weight"},
      {"mlp.shared_expert.up_proj.weight", "ffn_up_shexp.weight"}, {"mlp.shared_expert.down_proj.weight", "ffn_down_shexp.weight"},
      {"model.embed_tokens.weight", "token_embd.weight"}, {"model.norm.weight", "output_norm.weight"}, {"lm_head.weight", "output.weight"},
      {"mtp.fc.weight", "blk.4.nextn.eh_proj.weight"}, {"mtp.norm.weight", "blk.4.nextn.shared_head_norm.weight"},
      {"mtp.pre_fc_norm_embedding.weight", "blk.4.nextn.enorm.weight"}, {"mtp.pre_fc_norm_hidden.weight", "blk.4.nextn.hnorm.weight"}};
  std::string block, rest = name;
  if (name.starts_with("mtp.layers.0.")) block = "blk.4.", rest = name.substr(13);
  if (name.starts_with("model.layers.")) block = "blk." + name.substr(13, 1) + ".", rest = name.substr(15);
  for (const auto& [hf, gguf] : kNames) {
    if (rest == hf) return block + gguf;
  }
  ADD_FAILURE() << name;
  return name;
}

// The trunk's experts lie one by one in the checkpoint.
inline void HeadModel::add_stacked_experts(GgufWriter& w) const {
  for (int layer = 0; layer < 4; ++layer) {
    for (const std::string kind : {"gate", "up", "down"}) {
      std::string all;
      for (int expert = 0; expert < 16; ++expert) {
        all += bytes(at("model.layers." + std::to_string(layer) + ".mlp.experts." + std::to_string(expert) + "." + kind + "_proj.weight").values);
      }
      w.tensor("blk." + std::to_string(layer) + ".ffn_" + kind + "_exps.weight", 0,
               kind == "down" ? std::vector<uint64_t>{64, 128, 16} : std::vector<uint64_t>{128, 64, 16}, all);
    }
  }
}

inline std::string HeadModel::write_gguf(const TempFolder& folder) const {
  GgufWriter w;
  const std::string a = "qwen35moe.";
  w.kv("general.architecture", "qwen35moe").kv<bool>(a + "ssm.v_head_reordered", false);
  const std::pair<const char*, uint32_t> numbers[] = {
      {"block_count", 5}, {"nextn_predict_layers", 1}, {"context_length", 4096}, {"embedding_length", 128}, {"attention.head_count", 4},
      {"attention.head_count_kv", 2}, {"attention.key_length", 32}, {"attention.value_length", 32}, {"rope.dimension_count", 8},
      {"expert_count", 16}, {"expert_used_count", 4}, {"expert_feed_forward_length", 64}, {"expert_shared_feed_forward_length", 64},
      {"ssm.conv_kernel", 4}, {"ssm.state_size", 32}, {"ssm.group_count", 2}, {"ssm.time_step_rank", 4}, {"ssm.inner_size", 128},
      {"full_attention_interval", 4}};
  for (const auto& [key, value] : numbers) w.kv<uint32_t>(a + key, value);
  w.kv<float>(a + "rope.freq_base", 1e7f).kv<float>(a + "attention.layer_norm_rms_epsilon", 1e-6f);
  add_stacked_experts(w);
  for (const NamedTensor& t : tensors_) {
    if (t.name.find("mlp.experts.") != std::string::npos && t.name.ends_with(".weight")) continue;
    std::vector<float> v = t.values;
    std::vector<uint64_t> ne(t.shape.rbegin(), t.shape.rend());
    const bool centred = t.name.ends_with("norm.weight") && !t.name.ends_with("linear_attn.norm.weight");
    for (float& x : v) {
      if (centred || t.name.find("pre_fc_norm") != std::string::npos) x += 1;
      if (t.name.ends_with("A_log")) x = -std::exp(x);
    }
    if (t.name.ends_with("conv1d.weight")) ne = {ne[0], ne[2]};
    if (t.name.ends_with("shared_expert_gate.weight")) ne = {ne[0]};
    w.tensor(gguf_name(t.name), 0, ne, bytes(v));
  }
  w.write(folder / "model.gguf");
  return folder / "model.gguf";
}

}  // namespace sluice::testing
