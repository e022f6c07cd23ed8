// The numbers a family needs, read from config.json (flat or under text_config) or from GGUF metadata.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sluice/status.h"
#include "store/model_files.h"

namespace sluice::model {

struct Rope {
  double theta = 10000.0;
  int32_t dims = 0;              // rotary dimensions of a head
  double yarn_factor = 1.0;      // 1: no YaRN
  double yarn_original_context = 0.0;
};

struct Config {
  int32_t hidden = 0, layers = 0;
  int32_t heads = 0, kv_heads = 0, head_dim = 0;
  int32_t experts = 0, top_k = 0, trained_top_k = 0;
  int32_t expert_width = 0, shared_width = 0;                          // shared_width 0: no shared expert
  int32_t k_heads = 0, v_heads = 0, dk = 0, dv = 0, conv_kernel = 0;   // Gated DeltaNet; 0 where the family has none
  int64_t context = 0;
  float eps = 1e-6f;
  bool renormalise = true;       // top-k weights
  bool tied = false;             // the head is the embedding table
  bool tiled_v_heads = false;    // GGUF qwen35moe order (DeltaNet::tiled)
  Rope rope;
  std::vector<bool> full_attention;  // per layer
  int32_t draft_layers = 0;      // of the prediction head that the file announces
};

// What differs between families when their configuration is read.
struct ConfigDefaults {
  const char* gguf_arch;         // metadata prefix, "qwen35moe"
  bool recurrent;                // has Gated DeltaNet layers
  double partial_rotary;         // where the file does not say
  bool may_not_renormalise;      // norm_topk_prob is honoured
};

// `top_k_override` replaces the trained number of experts per token unless it is 0.
// Errors: not_found / corrupt, naming the file and the key; unsupported for values we do not run; invalid (the override).
Result<Config> read_config(const store::ModelFiles& files, const ConfigDefaults& defaults, int32_t top_k_override);

// inv_freq [dims / 2] and the factor on cos and sin (YaRN: Peng et al. 2023, arXiv:2309.00071).
std::vector<float> inverse_frequencies(const Rope& rope);
float rope_scale(const Rope& rope);

}  // namespace sluice::model
