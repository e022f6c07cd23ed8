#include "device/state.h"

#include <algorithm>

namespace sluice::device {
namespace {

uint64_t padded(uint64_t floats) { return align_up(floats * sizeof(float), 64); }

int64_t kv_stride(const model::Plan& plan, kernels::KvFormat kv) {
  return plan.kv_heads * kernels::kv_row_bytes(kv, plan.head_dim);
}

struct Sizes {
  uint64_t kv, conv, recurrent;  // bytes of one layer's keys, convolution state, recurrent state
  uint64_t inputs, gates;        // of its held drafts: inputs, one of beta and alpha
};

Sizes sizes_of(const model::Plan& plan, int64_t capacity, kernels::KvFormat kv) {
  return {align_up(static_cast<uint64_t>(capacity) * static_cast<uint64_t>(kv_stride(plan, kv)), 64),
          padded(static_cast<uint64_t>(std::max(plan.conv_kernel - 1, 0)) * static_cast<uint64_t>(plan.conv_channels)),
          padded(static_cast<uint64_t>(plan.v_heads) * static_cast<uint64_t>(plan.dk) * static_cast<uint64_t>(plan.dv)),
          padded(kMostDrafts * static_cast<uint64_t>(plan.conv_channels)), padded(kMostDrafts * static_cast<uint64_t>(plan.v_heads))};
}

}  // namespace

uint64_t state_bytes(const model::Plan& plan, int64_t capacity, kernels::KvFormat kv, bool drafts) {
  const Sizes s = sizes_of(plan, capacity, kv);
  return 2 * s.kv * static_cast<uint64_t>(plan.attention_layers) +
         (s.conv + s.recurrent + (drafts ? s.inputs + 2 * s.gates : 0)) * static_cast<uint64_t>(plan.recurrent_layers);
}

Result<State> make_state(const model::Plan& plan, int64_t capacity, kernels::KvFormat kv, bool drafts) {
  State state;
  state.capacity = capacity;
  state.kv = kv;
  state.kv_stride = kv_stride(plan, kv);
  SLUICE_TRY(state.memory, Arena::map(state_bytes(plan, capacity, kv, drafts)));
  const Sizes s = sizes_of(plan, capacity, kv);
  std::byte* at = state.memory.data();
  auto take = [&](uint64_t bytes) {
    at += bytes;
    return at - bytes;
  };
  auto floats = [&](uint64_t bytes) { return reinterpret_cast<float*>(take(bytes)); };
  for (int32_t i = 0; i < plan.attention_layers; ++i) {
    state.keys.push_back(take(s.kv));
    state.values.push_back(take(s.kv));
  }
  for (int32_t i = 0; i < plan.recurrent_layers; ++i) {
    state.conv.push_back(floats(s.conv));
    state.recurrent.push_back(floats(s.recurrent));
    if (drafts) state.drafts.push_back({floats(s.inputs), floats(s.gates), floats(s.gates)});
  }
  return state;
}

void reset(const model::Plan& plan, State& state) {
  const Sizes s = sizes_of(plan, state.capacity, state.kv);
  for (float* conv : state.conv) std::fill_n(conv, s.conv / sizeof(float), 0.0f);
  for (float* recurrent : state.recurrent) std::fill_n(recurrent, s.recurrent / sizeof(float), 0.0f);
  state.position = state.first = 0;
  state.held = 0;
}

}  // namespace sluice::device
