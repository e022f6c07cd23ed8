// Takes the tokens of an answer in, one after the other, and gives the logits behind each. With a drafter several of them
// come out of one pass: the token and what was guessed to follow it go through the model together, and as long as the
// sampler picks what was guessed, the next logits are there already. What is picked never depends on it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/engine_parts.h"

namespace sluice::runtime {

struct DraftCounters {
  int64_t passes = 0, drafted = 0, accepted = 0;
};

class Decoder {
 public:
  explicit Decoder(Session::Parts& session);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // The logits [vocab] behind the session's pending token, which is then taken in; they may be written over. `most`: tokens
  // that may yet follow the one these logits choose. REQUIRES: a pending token, room for it. Errors: as Session::feed.
  Result<std::span<float>> next(int64_t most);

  // The same where the last pass guessed the pending token; else nothing, and it is still to be taken in.
  std::optional<std::span<float>> guessed();

  // Gives the pending token away, for a pass that somebody else makes. REQUIRES: guessed() gave nothing.
  int32_t leave();

  const DraftCounters& counters() const { return counters_; }

 private:
  Result<std::span<float>> pass(int32_t token, int64_t most);
  std::span<float> row(size_t index);

  Session::Parts& s_;
  std::vector<int32_t> tokens_;  // of the last pass: the token taken in, then the drafts
  size_t right_ = 0;             // of them, those known to be right
  DraftCounters counters_;
};

}  // namespace sluice::runtime
