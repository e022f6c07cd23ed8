// The buffers one chunk of tokens needs on the CPU, allocated once. T is the largest chunk.
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "model/plan.h"

namespace sluice::device {

// Tokens whose queries are taken through the KV rows together.
inline constexpr int64_t kAttentionTokens = 4;

struct Workspace {
  int64_t tokens = 0;          // T
  float *residual, *normed, *output;       // [T, H]
  float *joined;                           // [T, 2 H], only with a prediction head
  float *shared;                           // [T, H], only with a shared expert
  float *query, *key, *value, *heads;      // attention: [T, q rows], [T, kv], [T, kv], [T, heads * head_dim]
  float *attention_scratch;                // [threads, attention_scratch_floats]
  int64_t attention_scratch_floats = 0;
  float *parts;                            // [blocks, kAttentionTokens, heads, part_stride]: partial results of a tile of tokens
  int64_t part_stride = 0;                 // floats of one
  float *cosine, *sine;                    // [T, rotary / 2]
  float *mixed, *conv, *gate, *core;       // delta net, held drafts first: [T', channels] x2, [T', v_heads * dv] x2
  float *beta, *alpha;                     // [T', v_heads], T' = T + kMostDrafts a part
  float *query_scale, *key_scale;          // [dk], all 1 / dk and all dk^-1/2
  float *spare;                            // [threads, dk * kDeltaRuleColumns]: of a state with drafts in it
  float *scalar;                           // [T], the shared expert's gate
  float *shared_gate, *shared_up;          // [T, shared width]
  float *router;                           // [T, E]
  float *weights;                          // [T, K]
  float *gathered, *expert_out;            // [T * K, H], grouped by expert
  float *expert_gate, *expert_up;          // [T * K, width]
  // Quantised rows (kernels/integer.h), empty where widths are no multiple of 32.
  std::byte *normed_quantised;             // [T, H]
  std::byte *quantised;                    // [T, the widest other input of a product]
  std::byte *gathered_quantised;           // [T * K, H], grouped by expert
  std::byte *expert_quantised;             // [T * K, width]
  int32_t *chosen;                         // [T, K] expert ids in routing order
  int32_t *place;                          // [T, K] row of the grouped buffers
  std::vector<int32_t> wanted;             // distinct experts of the chunk, most wanted first
  std::vector<int32_t> uses;               // of each of `wanted`: how many tokens want it
  std::vector<int32_t> first;              // [E + 1] first grouped row of each expert
  Arena memory;
};

uint64_t workspace_bytes(const model::Plan& plan, int64_t tokens, int64_t positions, int32_t threads);
Result<Workspace> make_workspace(const model::Plan& plan, int64_t tokens, int64_t positions, int32_t threads);

}  // namespace sluice::device
