#include "runtime/draft_head.h"

#include <algorithm>

#include "runtime/engine_parts.h"
#include "runtime/memory_plan.h"
#include "runtime/pass.h"

namespace sluice::runtime {

DraftHead::DraftHead(Session::Parts& s)
    : s_(s), states_(kDraftStates * static_cast<size_t>(s.engine.plan.hidden)), logits_(static_cast<size_t>(s.engine.plan.vocab)) {
  rows_.capacity = s.state.capacity;
  rows_.kv = s.state.kv;
  rows_.kv_stride = s.state.kv_stride;
  rows_.keys = s.state.keys;
  rows_.values = s.state.values;
}

void DraftHead::restart(int64_t position) {
  rows_.position = rows_.first = position;
  waiting_ = 0;
}

Status DraftHead::run(std::span<const int32_t> next, const float* states, int64_t first_logits, float* logits, bool prompt) {
  Engine::Parts& e = s_.engine;
  const device::Part part{&rows_, 0, static_cast<int64_t>(next.size())};
  const device::Chunk chunk{.tokens = next,
                            .parts = {&part, 1},
                            .port = e.experts.get(),
                            .first_logits = first_logits,
                            .logits = logits,
                            .prompt = prompt,
                            .hidden = states};
  const Walk walk{.plan = e.plan,
                  .device = *e.device,
                  .counters = &e.experts->counters(),
                  .phases = &s_.phases,
                  .trace = e.trace.on() ? &e.trace : nullptr,
                  .draft_head = true};
  return run_chunk(walk, chunk);
}

// All states that wait; logits of the last, where wanted.
Status DraftHead::take_in(std::span<const int32_t> tokens, float* logits) {
  const int64_t hidden = s_.engine.plan.hidden, most = s_.engine.device->workspace().tokens;
  for (int64_t at = 0; at < waiting_;) {
    const int64_t rows = std::min(waiting_ - at, most);
    const auto next = tokens.subspan(static_cast<size_t>(rows_.position) + 1, static_cast<size_t>(rows));
    const bool last = at + rows == waiting_ && logits != nullptr;
    SLUICE_TRY_VOID(run(next, states_.data() + at * hidden, rows - (last ? 1 : 0), logits, false));
    at += rows;
  }
  waiting_ = 0;
  return {};
}

// For a pass over so many tokens. Half of the states stay, for the head to have something to look back at.
void DraftHead::make_room(int64_t rows) {
  if (waiting_ + rows <= static_cast<int64_t>(kDraftStates)) return;
  const int64_t hidden = s_.engine.plan.hidden, keep = static_cast<int64_t>(kDraftStates) / 2, drop = waiting_ - keep;
  std::copy_n(states_.data() + drop * hidden, keep * hidden, states_.data());
  waiting_ = keep;
  rows_.position += drop;
  rows_.first = rows_.position;
}

Status DraftHead::before(const Pass& pass, std::span<const int32_t> tokens) {
  if (pass.prompt) return take_in(tokens, nullptr);
  make_room(static_cast<int64_t>(pass.tokens.size()));
  return {};
}

Status DraftHead::behind(const Pass& pass, std::span<const int32_t> tokens) {
  const int64_t hidden = s_.engine.plan.hidden;
  const auto rows = static_cast<int64_t>(pass.tokens.size());
  const float* states = s_.engine.device->workspace().normed + pass.row * hidden;
  if (!pass.prompt) {
    std::copy_n(states, rows * hidden, states_.data() + waiting_ * hidden);
    waiting_ += rows - pass.drafts;
    return {};
  }
  std::copy_n(states + (rows - 1) * hidden, hidden, states_.data());  // its next token is not known yet
  const auto next = tokens.subspan(static_cast<size_t>(rows_.position) + 1, static_cast<size_t>(rows) - 1);
  if (!next.empty()) SLUICE_TRY_VOID(run(next, states, static_cast<int64_t>(next.size()), nullptr, true));
  waiting_ = 1;
  return {};
}

int32_t DraftHead::likeliest() const { return static_cast<int32_t>(std::max_element(logits_.begin(), logits_.end()) - logits_.begin()); }

Result<int32_t> DraftHead::guess(std::span<const int32_t> tokens, std::span<int32_t> out) {
  if (waiting_ == 0) return 0;
  const int64_t hidden = s_.engine.plan.hidden;
  const float* states = s_.engine.device->workspace().normed;
  const int64_t rows = std::min(waiting_, s_.engine.device->workspace().tokens);
  const int64_t last = (waiting_ - 1) % rows;  // row of the last batch that holds the last state
  SLUICE_TRY_VOID(take_in(tokens, logits_.data()));
  out[0] = likeliest();
  const int64_t position = rows_.position;
  const float* state = states + last * hidden;
  for (size_t i = 1; i < out.size(); ++i) {
    std::copy_n(state, hidden, states_.data());  // nothing waits: its place is free
    SLUICE_TRY_VOID(run({&out[i - 1], 1}, states_.data(), 0, logits_.data(), false));
    state = states;
    out[i] = likeliest();
  }
  rows_.position = position;  // the rows of guesses are made again from the model's states
  return static_cast<int32_t>(out.size());
}

}  // namespace sluice::runtime
