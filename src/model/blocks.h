// The blocks families are made of: each lists the steps and names the tensors of one half of a decoder layer.
#pragma once

#include <string>
#include <string_view>

#include "model/builder.h"
#include "model/config.h"

namespace sluice::model {

// Tensor names of one model: Hugging Face and MLX spell them one way, GGUF another.
class Names {
 public:
  explicit Names(const store::ModelFiles& files);

  bool gguf() const { return gguf_; }
  // A tensor of layer `layer`.
  std::string layer(int32_t layer, std::string_view hf, std::string_view gguf) const;
  // Those of the prediction head: one layer, number `layer`, under a prefix of its own in Hugging Face files.
  Names of_head(const store::ModelFiles& files, int32_t layer) const;

  // A tensor beside the layers, under the model's prefix in Hugging Face files.
  std::string top(std::string_view hf, std::string_view gguf) const;
  // The output head, which stands above the prefix.
  std::string head() const;

 private:
  bool gguf_;
  std::string prefix_;       // "model.", "model.language_model.", "language_model.model."
  std::string head_prefix_;  // "", "language_model."
  int32_t first_layer_ = 0;  // layer 0 of Hugging Face names
};

// What the blocks need to know of the family.
struct BlockStyle {
  Transform norm;            // plus_one for zero-centred norms stored as they were trained
  bool gated_attention;      // query rows carry an output gate
  bool fused_projections;    // Qwen3-Next: in_proj_qkvz and in_proj_ba
};

// How norm weights of Qwen's hybrid families are to be loaded: unconverted Hugging Face files hold zero-centred norms
// and a [channels, 1, taps] convolution; mlx-lm folds the 1 in and swaps the convolution's last axes, which is how the
// two are told apart. GGUF has it folded in always.
Transform centred_norm(const store::ModelFiles& files);

// residual += mixer(norm(residual)), then residual += moe(norm(residual)), for one layer.
void decoder_layer(Builder& b, const Names& names, const Config& c, const BlockStyle& style, int32_t layer, Plan& plan);

// Everything: embedding, the layers, final norm, head; fills the plan's shape from the configuration.
void decoder(Builder& b, const Names& names, const Config& c, const BlockStyle& style, Plan& plan);

// The multi-token prediction head behind a decoder, where the files have one: plan.draft_steps. Its embedding table and
// output head are the decoder's unless the file has others.
void prediction_head(Builder& b, const store::ModelFiles& files, const Config& c, const BlockStyle& style, Plan& plan);

}  // namespace sluice::model
