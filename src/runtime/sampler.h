// Chooses the next token from logits: greedy, or temperature with top-k, top-p and min-p, after presence and repetition
// penalties. The same seed and logits give the same tokens on every machine.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "sluice/options.h"
#include "sluice/status.h"

namespace sluice::runtime {

class Sampler {
 public:
  // `allowed[id]` false: never chosen (rows of the head that stand for no token); empty: all allowed.
  // Errors: invalid, naming the option out of range.
  static Result<Sampler> make(const SamplingOptions& options, int32_t vocab, std::vector<bool> allowed);

  // Counts a prompt token for the repetition penalty.
  void saw_prompt(int32_t token) { seen_[static_cast<size_t>(token)] |= kPrompt; }

  // Counts a token that was taken without asking this sampler.
  void took(int32_t token);

  // `mask`: a bit for every id, clear where the token may not be chosen now; empty: as if all were set. Errors: corrupt, when
  // no allowed logit is finite; unsupported, when the mask leaves none. The logits are scratch: penalties are applied in place.
  Result<int32_t> next(std::span<float> logits, std::span<const uint64_t> mask = {});

 private:
  static constexpr uint8_t kPrompt = 1, kOutput = 2;
  struct Candidate {
    int32_t id;
    float logit;
  };
  void penalise(std::span<float> logits) const;
  int32_t greedy(std::span<const float> logits) const;
  int32_t draw(std::span<const float> logits);
  bool allowed(size_t id) const {
    return (allowed_.empty() || allowed_[id]) && (mask_.empty() || (mask_[id / 64] >> (id % 64) & 1) != 0);
  }

  SamplingOptions options_;
  std::vector<bool> allowed_;
  std::span<const uint64_t> mask_;      // of the token that is being chosen
  std::vector<uint8_t> seen_;           // by id: kPrompt, kOutput
  std::vector<int32_t> counts_;         // by id, of output; empty without a frequency penalty
  std::vector<Candidate> candidates_;   // scratch, capacity of the whole vocabulary
  std::vector<double> weights_;         // scratch
  std::mt19937_64 random_;
};

}  // namespace sluice::runtime
