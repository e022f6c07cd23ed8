// One conversation's memory on the device: KV rows of the attention layers, convolution and recurrent states of the
// DeltaNet layers. A recurrent state cannot be rolled back: tokens that may turn out wrong (drafts) are computed without
// being taken into it, and what the delta rule needs of them is held until it is known which were right.
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "kernels/kv_rows.h"
#include "model/plan.h"

namespace sluice::device {

inline constexpr int32_t kMostDrafts = 3;  // of one chunk

inline constexpr int32_t kMostParts = 16;   // sessions of one chunk

// What a DeltaNet layer needs of the drafts of a pass to take them in later.
struct HeldDrafts {
  float* inputs;                      // [kMostDrafts, channels] of the convolution
  float *beta, *alpha;                // [kMostDrafts, v_heads]
};

struct State {
  int64_t position = 0;               // tokens already taken in, held ones included
  int64_t first = 0;                  // attention sees the KV rows from here on
  int64_t capacity = 0;               // positions there is room for
  kernels::KvFormat kv = kernels::KvFormat::f32;
  int64_t kv_stride = 0;              // bytes of one position's keys in one layer, and of its values
  std::vector<std::byte*> keys, values;  // per attention layer: [capacity, kv_heads] head rows
  std::vector<float*> conv;           // per recurrent layer: [kernel - 1, channels], oldest first
  std::vector<float*> recurrent;      // per recurrent layer: [v_heads, dk, dv]
  std::vector<HeldDrafts> drafts;     // per recurrent layer; empty: made without room for drafts
  int32_t held = 0;                   // the first so many drafts of the last pass were right: the next one takes them in first
  Arena memory;                       // pages are touched, and so counted, as positions fill
};

// `drafts`: with room to hold them.
uint64_t state_bytes(const model::Plan& plan, int64_t capacity, kernels::KvFormat kv, bool drafts = false);
Result<State> make_state(const model::Plan& plan, int64_t capacity, kernels::KvFormat kv, bool drafts = false);

// Back to the state before the first token.
void reset(const model::Plan& plan, State& state);

}  // namespace sluice::device
