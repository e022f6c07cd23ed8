// The shapes synthetic models come in: one row each, those of the released models (docs/synth.md) and tiny ones.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/synth_fill.h"

namespace sluice::store {

enum class SynthFamily : uint8_t { qwen3_5_moe, qwen3_next, qwen3_moe };

struct SynthShape {
  std::string_view name;
  SynthFamily family;
  int32_t hidden, layers;
  int32_t heads, kv_heads, head_dim, rotary;
  float rope_theta;
  int32_t context;
  int32_t experts, top_k, expert_width;
  int32_t vocab, special_at;  // rows; the id of <|endoftext|>, first of the special tokens
  // Gated DeltaNet layers; absent in qwen3_moe.
  int32_t interval = 0;  // every so many layers one has full attention
  int32_t k_heads = 0, v_heads = 0, linear_dim = 0, conv_kernel = 0;
  int32_t shared_width = 0;
  std::array<int32_t, 3> sections = {};  // of M-RoPE; qwen3_5_moe only

  bool recurrent() const { return interval > 0; }
  bool full_attention(int32_t layer) const { return !recurrent() || (layer + 1) % interval == 0; }
  int64_t key_dim() const { return int64_t{k_heads} * linear_dim; }
  int64_t value_dim() const { return int64_t{v_heads} * linear_dim; }
};

std::span<const SynthShape> synth_shapes();
const SynthShape* synth_shape(std::string_view name);  // nullptr: unknown
std::string synth_shape_names();                       // "tiny, ..."

// As in GGUF: "qwen35moe".
std::string_view gguf_architecture(SynthFamily family);

struct SynthTensor {
  std::string name;
  quant::FormatId format;
  std::vector<int64_t> ne;  // fastest dimension first
  Fill fill;

  int64_t rows() const;  // of ne[0] values
};

// All tensors of a model cut to shape.layers, in file order, the big matrices in `format`. `skew`: the deviation of an
// expert's popularity, 0 for none.
std::vector<SynthTensor> synth_tensors(const SynthShape& shape, quant::FormatId format, float skew);

}  // namespace sluice::store
