// One pass of a session through the model, or through its prediction head.
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
};

// Takes the tokens in; drafts only as far as device::State says. Errors: from the expert port, cancelled; the session is
// then broken.
Status run_pass(Session::Parts& session, const Pass& pass);

}  // namespace sluice::runtime
