// A model family compiles to a flat list of typed steps: plain data, no general tensor graph. A device runs them in
// order over one chunk of T tokens; the scheduler can look ahead in the list.
//
// Three activation buffers carry the chunk: `residual` [T, H], `normed` [T, H] and `output` [T, H]. Weights are ids
// into the Trunk (trunk.h). Formulas: ../shared/docs (Qwen3.5 reference); each step names its paper or source.
#pragma once

#include <cstdint>
#include <variant>

namespace sluice::model {

using MatrixId = int32_t;  // index into Plan::matrices and Trunk::matrices; kNone where a step has none
using VectorId = int32_t;  // index into Plan::vectors and Trunk::vectors
inline constexpr int32_t kNone = -1;

// residual[t] = table[token[t]]
struct Embed {
  MatrixId table;
};

// residual[t] = fc(rms_norm(table[token[t]]), rms_norm(hidden[t])), the two side by side: how a prediction head takes in a
// token and the state of the position before it (DeepSeek-V3, arXiv:2412.19437, section 2.2).
struct Join {
  MatrixId table, fc;   // fc: [H, 2 H], embedding first
  VectorId token_norm, hidden_norm;
  float eps;
};

// normed = rms_norm(residual) * weight (Zhang & Sennrich 2019, arXiv:1910.07467). A family that centres its weights at
// zero has the 1 added when they are loaded.
struct Norm {
  VectorId weight;
  float eps;
};

// output = o(attention(normed)): grouped-query softmax attention with rotary positions on the first rotary_dims of a
// head (half-split pairs), RMS-normed queries and keys, and, when gated, a sigmoid gate per output value whose rows
// stand behind each head's query rows in `q`.
struct Attention {
  MatrixId q, k, v, o;
  VectorId q_norm, k_norm;
  int32_t heads, kv_heads, head_dim, rotary_dims;
  bool gated;
  float eps;
  int32_t kv_index;   // which of the session's KV caches
};

// output = out(gated_norm(delta_rule(conv(qkv(normed))))): Gated DeltaNet (Yang et al. 2024, arXiv:2412.06464).
struct DeltaNet {
  MatrixId qkv;       // rows: q heads, k heads, v heads
  MatrixId z;         // output gate, v heads
  MatrixId beta, alpha;
  MatrixId out;
  VectorId conv;      // [kernel][channels], oldest tap first
  VectorId a;         // -exp(A_log), one a v head
  VectorId dt_bias;
  VectorId norm;      // [dv]
  int32_t k_heads, v_heads, dk, dv, kernel;
  bool tiled;         // k head of v head j: j % k_heads (GGUF qwen35moe) instead of j / (v_heads / k_heads)
  float eps;
  int32_t state_index;  // which of the session's recurrent states
};

// residual += output
struct Add {};

// Chooses top_k experts a token by softmax over router logits; weights are renormalised to sum 1 when asked.
// Ties go to the lower index.
struct Route {
  MatrixId router;
  int32_t experts, top_k;
  bool renormalise;
  int32_t moe_index;  // index into Plan::experts
};

// shared = sigmoid(scale . normed) * down(silu(gate) * up); scale may be kNone.
struct SharedFfn {
  MatrixId gate, up, down, scale;
  int32_t width;
};

// output = sum over the chosen experts, in routing order, + shared where the layer has one.
struct Experts {
  int32_t moe_index;
  int32_t width;
  bool add_shared;
};

// logits = matrix * normed, for the tokens asked for.
struct Head {
  MatrixId matrix;
};

struct Step {
  using Op = std::variant<Embed, Join, Norm, Attention, DeltaNet, Add, Route, SharedFfn, Experts, Head>;
  Op op;
  int32_t layer;      // layer the step belongs to; -1 for embed, the layer count for the final norm and head
};

}  // namespace sluice::model
