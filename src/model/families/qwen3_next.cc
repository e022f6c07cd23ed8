// Qwen3-Next (80B-A3B, Qwen3-Coder-Next): Qwen3.5's layers with the DeltaNet projections fused and grouped by key head.
#include "model/blocks.h"
#include "model/families/families.h"

namespace sluice::model {

Status compile_qwen3_next(const store::ModelFiles& files, const Wanted& wanted, Plan& plan) {
  constexpr ConfigDefaults kDefaults{.gguf_arch = "qwen3next", .recurrent = true, .partial_rotary = 0.25, .may_not_renormalise = true};
  SLUICE_TRY(const Config c, read_config(files, kDefaults, wanted.top_k_override));
  const BlockStyle style{.norm = centred_norm(files), .gated_attention = true, .fused_projections = true};
  Builder b(files, plan);
  decoder(b, Names(files), c, style, plan);
  if (wanted.draft_head) prediction_head(b, files, c, style, plan);
  return b.finish();
}

}  // namespace sluice::model
