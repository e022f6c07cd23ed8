// Qwen3 MoE (30B-A3B, 235B-A22B): softmax attention without gate in every layer, plain norms, no shared expert.
#include "model/blocks.h"
#include "model/families/families.h"

namespace sluice::model {

Status compile_qwen3_moe(const store::ModelFiles& files, const Wanted& wanted, Plan& plan) {
  constexpr ConfigDefaults kDefaults{.gguf_arch = "qwen3moe", .recurrent = false, .partial_rotary = 1.0, .may_not_renormalise = true};
  SLUICE_TRY(const Config c, read_config(files, kDefaults, wanted.top_k_override));
  const BlockStyle style{.norm = Transform::none, .gated_attention = false, .fused_projections = false};
  Builder b(files, plan);
  decoder(b, Names(files), c, style, plan);
  return b.finish();
}

}  // namespace sluice::model
