// What a family makes of a model's files: its shape, its steps, what the trunk needs and where every expert lies.
// Plain data, immutable after compile(); nothing of the weights has been read yet.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/step.h"
#include "quant/format.h"
#include "store/model_files.h"

namespace sluice::model {

// A run of rows of a stored matrix, in the order the trunk wants them.
struct RowRun {
  int64_t begin, count;
};

struct MatrixSource {
  const store::Tensor* tensor;
  int64_t rows, cols;
  std::vector<RowRun> runs;   // empty: all rows as they are
};

enum class Transform { none, plus_one, neg_exp, transpose_taps };

struct VectorSource {
  const store::Tensor* tensor;
  int64_t size;
  Transform transform;
  int64_t taps = 0;           // transpose_taps: [n / taps, taps] -> [taps, n / taps]
};

// Where the parts of one expert stand in memory, in the order of ExpertLayer::extents; each has the alignment it has in
// its file, and not more.
using ExpertParts = const std::byte* const*;

// One matrix of an expert: `shape` has null pointers; its arrays begin so many bytes into a part.
struct SlotMatrix {
  struct Place {
    int32_t part = kNone;  // kNone: the format has no such array
    uint64_t offset = 0;
  };
  quant::Matrix shape;
  Place data, scales, biases;

  quant::Matrix at(ExpertParts parts) const;
};

// The experts of one MoE layer. Expert e is `parts` extents, extents[e * parts + p]; part p has part_bytes[p] bytes in
// every expert.
struct ExpertLayer {
  static constexpr int32_t kMostParts = 9;  // gate, up, down times data, scales, biases
  int32_t layer = 0;
  int32_t count = 0;
  SlotMatrix gate, up, down;  // [width, hidden], [width, hidden], [hidden, width]
  int32_t parts = 0;
  std::vector<uint64_t> part_bytes;
  std::vector<store::Extent> extents;
  uint64_t record_bytes = 0;  // of all parts of one expert

  std::span<const store::Extent> expert(int32_t e) const {
    return std::span(extents).subspan(static_cast<size_t>(e) * static_cast<size_t>(parts), static_cast<size_t>(parts));
  }
};

struct Plan {
  std::string family;         // "qwen3_5_moe"
  int32_t hidden = 0, layers = 0, vocab = 0;
  int32_t attention_layers = 0, recurrent_layers = 0;
  int32_t experts = 0, top_k = 0, trained_top_k = 0, expert_width = 0, shared_width = 0;
  int64_t context = 0;        // positions the model was trained for
  int32_t kv_heads = 0, head_dim = 0;
  int32_t conv_channels = 0, conv_kernel = 0, v_heads = 0, dk = 0, dv = 0;
  std::vector<float> inv_freq;  // rotary frequencies, [rotary_dims / 2]
  float rope_scale = 1.0f;      // YaRN's factor on cos and sin
  std::vector<Step> steps;
  // The multi-token prediction head, where the files have one and it was asked for: from a token and the state (after the
  // final norm) of the position before it, the logits of the token after it. One layer behind the others, number `layers`,
  // with KV rows and experts like theirs. Counted in attention_layers and expert_layers, not in layers.
  std::vector<Step> draft_steps;
  int32_t draft_layers = 0;   // 1 with a head, else 0
  size_t draft_matrices = 0, draft_vectors = 0;  // the last so many are the head's alone
  std::vector<MatrixSource> matrices;
  std::vector<VectorSource> vectors;
  std::vector<ExpertLayer> expert_layers;  // by moe_index
  std::vector<std::string> skipped;  // what the files hold and we do not run: "vision: 333 tensors"

  // Layers of experts that every token goes through.
  size_t trunk_expert_layers() const { return expert_layers.size() - static_cast<size_t>(draft_layers); }
};

// What a caller chooses of a model.
struct Wanted {
  int32_t top_k_override = 0;  // experts per token; 0 keeps the trained number
  bool draft_head = false;     // with the prediction head, where there is one
};

// Compiles the model for the family that its metadata names. `files` must outlive the plan.
// Errors: unsupported (names the architecture and those that work), not_found / corrupt (a tensor, with its name),
// invalid (the override).
Result<Plan> compile(const store::ModelFiles& files, const Wanted& wanted);

}  // namespace sluice::model
