#include "runtime/decoder.h"

#include <algorithm>
#include <chrono>

#include "runtime/pass.h"
#include "runtime/session_feed.h"

namespace sluice::runtime {

Decoder::Decoder(Session::Parts& s) : s_(s) {
  tokens_.reserve(1 + kMostDrafts);
  if (s.drafter != nullptr) s.draft_logits.resize((1 + static_cast<size_t>(kMostDrafts)) * static_cast<size_t>(s.engine.plan.vocab));
}

Decoder::~Decoder() {
  if (s_.drafter != nullptr && right_ < tokens_.size()) s_.drafter->forget();
}

std::span<float> Decoder::row(size_t index) {
  const auto vocab = static_cast<size_t>(s_.engine.plan.vocab);
  return std::span(s_.draft_logits).subspan(index * vocab, vocab);
}

std::optional<std::span<float>> Decoder::guessed() {
  if (right_ >= tokens_.size() || tokens_[right_] != *s_.pending) return std::nullopt;
  s_.pending.reset();
  s_.drafter->accept();
  ++s_.state.position;
  ++s_.state.held;
  ++counters_.accepted;
  return row(right_++);  // what the pass computed for it holds
}

int32_t Decoder::leave() {
  const int32_t token = *s_.pending;
  s_.pending.reset();
  tokens_.clear();
  right_ = 0;
  ++counters_.passes;
  return token;
}

Result<std::span<float>> Decoder::next(int64_t most) {
  if (const auto row = guessed()) return *row;
  ++counters_.passes;
  if (s_.drafter != nullptr) return pass(*s_.pending, most);
  SLUICE_TRY_VOID(feed(s_, {}, {}, {}));
  return std::span<float>(s_.logits);
}

Result<std::span<float>> Decoder::pass(int32_t token, int64_t most) {
  const auto from = std::chrono::steady_clock::now();
  const int64_t room = s_.state.capacity - s_.state.position - 1;
  const auto proposed = s_.drafter->propose(token, std::clamp<int64_t>(std::min(most, room), 0, kMostDrafts));
  if (!proposed.ok()) {
    s_.broken = true;
    return proposed.error();
  }
  const std::span<const int32_t> drafts = *proposed;
  tokens_.assign(1, token);
  tokens_.insert(tokens_.end(), drafts.begin(), drafts.end());
  right_ = 1;
  s_.pending.reset();
  SLUICE_TRY_VOID(run_pass(s_, {.tokens = tokens_, .drafts = static_cast<int64_t>(drafts.size()), .logits = s_.draft_logits.data()}));
  s_.drafter->measured(std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count());
  counters_.drafted += static_cast<int64_t>(drafts.size());
  return row(0);
}

}  // namespace sluice::runtime
