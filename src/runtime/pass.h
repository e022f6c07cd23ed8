// One pass through the model of a session's tokens, or of a token of each of several sessions.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>

#include "sluice/session.h"
#include "sluice/status.h"

namespace sluice::runtime {

struct Pass {
  std::span<const int32_t> tokens;
  bool prompt = false;
  int64_t drafts = 0;           // the last so many tokens are guesses
  int64_t first_logits = 0;     // logits are wanted of tokens[first_logits ...]
  float* logits = nullptr;      // [tokens.size() - first_logits, vocab]
  const std::atomic<bool>* cancel = nullptr;
  const std::function<void(int32_t layer)>* layer_done = nullptr;
  int64_t row = 0;              // of the first token among all that go through the model together
};

// Takes the tokens in; drafts only as far as device::State says. Errors: from the expert port, cancelled; the session is
// then broken.
Status run_pass(Session::Parts& session, const Pass& pass);

// Takes one token of each session in: what several of them pick is read and multiplied once, and what comes out for one does
// not depend on the others. `logits` is [sessions, vocab]. REQUIRES: at most device::kMostParts sessions of one engine, and as many tokens as
// its chunks may have. Errors: as run_pass; all of them are then broken.
Status run_together(std::span<Session::Parts* const> sessions, std::span<const int32_t> tokens, float* logits);

}  // namespace sluice::runtime
