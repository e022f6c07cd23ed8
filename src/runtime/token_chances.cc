#include "runtime/token_chances.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sluice::runtime {

void ChanceTable::keep(std::span<const float> logits) {
  logits_.assign(logits.begin(), logits.end());
  for (float& logit : logits_) {
    if (!std::isfinite(logit)) logit = -std::numeric_limits<float>::infinity();
  }
  const double most = *std::max_element(logits_.begin(), logits_.end());
  double sum = 0;
  for (float logit : logits_) sum += std::exp(static_cast<double>(logit) - most);
  log_sum_ = most + std::log(sum);
}

TokenChances ChanceTable::of(int32_t token, int32_t top) {
  auto logprob = [this](int32_t id) { return static_cast<float>(logits_[static_cast<size_t>(id)] - log_sum_); };
  TokenChances out{token, logprob(token), {}};
  const size_t count = std::min(static_cast<size_t>(std::max(top, 0)), logits_.size());
  if (count == 0) return out;
  order_.resize(logits_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::partial_sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(count), order_.end(), [this](int32_t a, int32_t b) {
    const float x = logits_[static_cast<size_t>(a)], y = logits_[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  });
  for (size_t i = 0; i < count; ++i) out.top.emplace_back(order_[i], logprob(order_[i]));
  return out;
}

}  // namespace sluice::runtime
