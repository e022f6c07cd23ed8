// Log probabilities of one place of the output, for GenerateOptions::chances.
#pragma once

#include <span>
#include <vector>

#include "sluice/options.h"

namespace sluice::runtime {

class ChanceTable {
 public:
  // Keeps the logits [vocab] of the place that is decided next: the sampler changes them.
  void keep(std::span<const float> logits);
  // REQUIRES: keep was called. `top` more than the vocabulary means all of it.
  TokenChances of(int32_t token, int32_t top);

 private:
  std::vector<float> logits_;
  std::vector<int32_t> order_;  // scratch
  double log_sum_ = 0;          // log of the sum of all exp(logit); logits that are not finite count as impossible
};

}  // namespace sluice::runtime
