// The model's prediction head at work (multi-token prediction; qwen3_5_moe.md, 2.5). Its row for a position is made from the
// state behind the model's last layer there and the token of the next position; it has KV rows of its own, and experts that
// are read like all others. What it guesses is checked by the model: it can be wrong, not do harm.
//
// States of single tokens wait here until a guess is wanted, so that they go through the head together; when nobody wants
// any for long, the oldest are forgotten and the head starts again with what it has seen since.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "device/state.h"
#include "sluice/session.h"

namespace sluice::runtime {

struct Pass;

class DraftHead {
 public:
  // REQUIRES: a plan with a head. `session` must outlive it.
  explicit DraftHead(Session::Parts& session);

  void reset() { restart(0); }
  // Knows nothing of what lies before `position`.
  void restart(int64_t position);

  // `tokens` are in all cases those of the session by position, with the one that is taken in next.

  // A pass begins: before a prompt's, states that wait are taken in.
  Status before(const Pass& pass, std::span<const int32_t> tokens);
  // It has run, and the device's workspace holds the states of its tokens.
  Status behind(const Pass& pass, std::span<const int32_t> tokens);
  // The next draft of that pass was right.
  void accept() { ++waiting_; }

  // Fills `out` with what will come behind the last of `tokens`, which has not been taken in yet; each guess from the one
  // before it. Returns how many: all or, where no state is known, none. REQUIRES: not empty.
  Result<int32_t> guess(std::span<const int32_t> tokens, std::span<int32_t> out);

 private:
  Status take_in(std::span<const int32_t> tokens, float* logits);
  Status run(std::span<const int32_t> next, const float* states, int64_t first_logits, float* logits, bool prompt);
  void make_room(int64_t rows);
  int32_t likeliest() const;

  Session::Parts& s_;
  device::State rows_;         // the head's share of the session's KV rows; position: the first row not made yet
  std::vector<float> states_;  // [kDraftStates, H], of positions rows_.position ...
  int64_t waiting_ = 0;        // of them, those that are known to stay
  std::vector<float> logits_;  // [vocab]
};

}  // namespace sluice::runtime
