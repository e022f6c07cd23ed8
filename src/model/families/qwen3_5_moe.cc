// Qwen3.5 MoE (397B-A17B, 122B-A10B, 35B-A3B; Qwen3.6 has the same architecture): three Gated DeltaNet layers, then one
// of gated attention; every layer a softmax-top-k MoE with a sigmoid-gated shared expert. Vision is skipped, the prediction head
// (MTP) is compiled where it is wanted.
#include "model/blocks.h"
#include "model/families/families.h"

namespace sluice::model {

Status compile_qwen3_5_moe(const store::ModelFiles& files, const Wanted& wanted, Plan& plan) {
  constexpr ConfigDefaults kDefaults{.gguf_arch = "qwen35moe", .recurrent = true, .partial_rotary = 0.25, .may_not_renormalise = false};
  SLUICE_TRY(const Config c, read_config(files, kDefaults, wanted.top_k_override));
  const BlockStyle style{.norm = centred_norm(files), .gated_attention = true, .fused_projections = false};
  Builder b(files, plan);
  decoder(b, Names(files), c, style, plan);
  if (wanted.draft_head) prediction_head(b, files, c, style, plan);
  return b.finish();
}

}  // namespace sluice::model
