// One conversation's memory on the device: KV rows of the attention layers, convolution and recurrent states of the
// DeltaNet layers. A recurrent state cannot be rolled back.
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "model/plan.h"

namespace sluice::device {

struct State {
  int64_t position = 0;               // tokens already taken in
  int64_t capacity = 0;               // positions there is room for
  std::vector<float*> keys, values;   // per attention layer: [capacity, kv_heads * head_dim]
  std::vector<float*> conv;           // per recurrent layer: [kernel - 1, channels], oldest first
  std::vector<float*> recurrent;      // per recurrent layer: [v_heads, dk, dv]
  Arena memory;                       // pages are touched, and so counted, as positions fill
};

uint64_t state_bytes(const model::Plan& plan, int64_t capacity);
Result<State> make_state(const model::Plan& plan, int64_t capacity);

// Back to the state before the first token.
void reset(const model::Plan& plan, State& state);

}  // namespace sluice::device
