#include "runtime/sampler.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace sluice::runtime {

Result<Sampler> Sampler::make(const SamplingOptions& o, int32_t vocab, std::vector<bool> allowed) {
  auto bad = [](std::string_view name, auto value, std::string_view range) {
    return Error{Code::invalid, fmt::format("{} {}: must be {}", name, value, range)};
  };
  if (!(o.temperature >= 0 && o.temperature <= 100)) return bad("temperature", o.temperature, "0 to 100");
  if (o.top_k < 0) return bad("top_k", o.top_k, "0 (all) or more");
  if (!(o.top_p > 0 && o.top_p <= 1)) return bad("top_p", o.top_p, "above 0, at most 1");
  if (!(o.min_p >= 0 && o.min_p <= 1)) return bad("min_p", o.min_p, "0 to 1");
  if (!(o.presence_penalty >= -2 && o.presence_penalty <= 2)) return bad("presence_penalty", o.presence_penalty, "-2 to 2");
  if (!(o.frequency_penalty >= -2 && o.frequency_penalty <= 2)) return bad("frequency_penalty", o.frequency_penalty, "-2 to 2");
  if (!(o.repetition_penalty > 0 && o.repetition_penalty <= 10)) {
    return bad("repetition_penalty", o.repetition_penalty, "above 0, at most 10");
  }
  Sampler s;
  s.options_ = o;
  s.allowed_ = std::move(allowed);
  s.seen_.resize(static_cast<size_t>(vocab));
  if (o.frequency_penalty != 0) s.counts_.resize(static_cast<size_t>(vocab));
  s.candidates_.reserve(static_cast<size_t>(vocab));
  s.weights_.reserve(static_cast<size_t>(vocab));
  s.random_.seed(o.seed);
  return s;
}

Result<int32_t> Sampler::next(std::span<float> logits, std::span<const uint64_t> mask) {
  penalise(logits);
  mask_ = mask;
  const int32_t best = greedy(logits);
  if (best < 0 && !mask.empty()) return Error{Code::unsupported, "no token of this model can continue the constrained answer"};
  if (best < 0) return Error{Code::corrupt, "the model's logits are not finite; its weights are damaged"};
  const int32_t token = options_.temperature <= 0 ? best : draw(logits);
  took(token);
  return token;
}

void Sampler::took(int32_t token) {
  seen_[static_cast<size_t>(token)] |= kOutput;
  if (!counts_.empty()) ++counts_[static_cast<size_t>(token)];
}

void Sampler::penalise(std::span<float> logits) const {
  const float repetition = options_.repetition_penalty, presence = options_.presence_penalty;
  if (repetition == 1.0f && presence == 0.0f && counts_.empty()) return;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (seen_[id] == 0) continue;
    if (repetition != 1.0f) logits[id] = logits[id] > 0 ? logits[id] / repetition : logits[id] * repetition;
    if ((seen_[id] & kOutput) != 0) logits[id] -= presence;
    if (!counts_.empty()) logits[id] -= options_.frequency_penalty * static_cast<float>(counts_[id]);
  }
}

// The first of the largest finite logits; -1 when there is none.
int32_t Sampler::greedy(std::span<const float> logits) const {
  int32_t best = -1;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (!std::isfinite(logits[id]) || !allowed(id)) continue;
    if (best < 0 || logits[id] > logits[static_cast<size_t>(best)]) best = static_cast<int32_t>(id);
  }
  return best;
}

// Filters in the order Hugging Face applies them (temperature, top-k, top-p, min-p), then one draw.
int32_t Sampler::draw(std::span<const float> logits) {
  candidates_.clear();
  for (size_t id = 0; id < logits.size(); ++id) {
    if (std::isfinite(logits[id]) && allowed(id)) candidates_.push_back({static_cast<int32_t>(id), logits[id]});
  }
  auto likelier = [](const Candidate& a, const Candidate& b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; };
  const size_t keep = options_.top_k > 0 ? std::min(candidates_.size(), static_cast<size_t>(options_.top_k)) : candidates_.size();
  std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(keep), candidates_.end(), likelier);
  candidates_.resize(keep);

  weights_.clear();
  double sum = 0;
  for (const Candidate& c : candidates_) {
    weights_.push_back(std::exp((static_cast<double>(c.logit) - candidates_[0].logit) / options_.temperature));
    sum += weights_.back();
  }
  // Weights fall: each filter cuts a tail. The likeliest always stays.
  size_t count = 1;
  for (double reached = weights_[0]; count < keep && reached < options_.top_p * sum; ++count) reached += weights_[count];
  while (count > 1 && weights_[count - 1] < options_.min_p * weights_[0]) --count;

  double total = 0;
  for (size_t i = 0; i < count; ++i) total += weights_[i];
  // 53 random bits as a fraction: std::uniform_real_distribution differs between standard libraries.
  double at = static_cast<double>(random_() >> 11) * 0x1.0p-53 * total;
  for (size_t i = 0; i < count; ++i) {
    at -= weights_[i];
    if (at < 0) return candidates_[i].id;
  }
  return candidates_[count - 1].id;
}

}  // namespace sluice::runtime
