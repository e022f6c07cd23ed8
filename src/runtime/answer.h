// One answer in the making, a piece at a time, so that several can take turns and their tokens can go through the model
// together: the prompt in chunks, then token by token a choice and a pass. What comes out never depends on the pieces or on
// the company.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/answer_stats.h"
#include "runtime/decoder.h"
#include "runtime/engine_parts.h"
#include "runtime/output_text.h"
#include "runtime/sampler.h"
#include "runtime/session_feed.h"
#include "runtime/thinking_clock.h"
#include "runtime/token_chances.h"

namespace sluice::runtime {

class Answer {
 public:
  // All that is given must outlive it; `stops` may be null.
  Answer(Session::Parts& session, std::span<const int32_t> prompt, const GenerateOptions& options, const TokenSink& sink,
         const PromptStops* stops);
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  // To be called first. Errors: as Session::generate, but for reads.
  Status begin();

  // Whether some of the prompt has not been taken in; then read() is next, else choose().
  bool reading() const { return taken_ < prompt_.size() || (taken_ == 0 && resumed_); }

  // Takes in what comes next of the prompt: at most so many tokens, and not past a stop. Errors: io; cancelled. end() is
  // all that may follow then.
  Status read(int64_t most);

  // Chooses the next token; false when the answer has ended with it, or cannot go on. Else step() or step_together() is next.
  // Errors: as Session::generate.
  Result<bool> choose();

  // The logits behind the token that was chosen, by a pass of its own unless it was guessed. Errors: io.
  Status step();

  // What there is. `status`: of the call before; an error other than cancelled is given back.
  Result<Generation> end(Status status);

  Session::Parts& session() { return s_; }

 private:
  friend Result<size_t> step_together(std::span<Answer* const> answers, std::vector<float>& logits);
  Result<int32_t> pick();
  Result<std::span<const uint64_t>> allowed(size_t vocab, int64_t left);
  void begin_decoding();
  void stepped();
  bool is_stop(int32_t token) const;
  bool cancelled() const { return o_.cancel != nullptr && o_.cancel->load(std::memory_order_relaxed); }
  bool finish(Finish why);

  using Clock = std::chrono::steady_clock;

  Session::Parts& s_;
  const std::span<const int32_t> prompt_;
  const GenerateOptions& o_;
  const TokenSink& sink_;
  const PromptStops* const stops_;
  size_t taken_ = 0, next_stop_ = 0;
  bool resumed_ = false;             // there is no prompt, but a token to take in first
  std::function<void(double)> progress_;
  size_t piece_ = 0;                 // tokens of the prompt that are being taken in
  std::optional<Sampler> sampler_;
  OutputText output_;
  ThinkingClock thinking_;
  ChanceTable chances_;
  Decoder decoder_;
  std::span<float> logits_;
  std::vector<uint64_t> mask_;       // by token
  Generation out_;
  bool decoding_ = false, alone_ = true;
  AnswerCost prompt_cost_, decode_cost_;
  PhaseTimes start_phases_, decode_phases_;
  Clock::time_point from_, decode_from_;
};

// step() for several answers of one engine: those whose token was not guessed go through the model together. `logits` is
// scratch. Returns how many went through it. REQUIRES: at most device::kMostParts. Errors: io; those answers whose sessions are broken have
// failed then.
Result<size_t> step_together(std::span<Answer* const> answers, std::vector<float>& logits);

}  // namespace sluice::runtime
