#include "cache/route_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace sluice::cache {

namespace {

// Fitted by random search to the traces' overlap, share touched, share of the busiest tenth and LRU hit rates at 5 to
// 50 % of the bank: docs/lab/2026-11-23-policy-replay.md has both side by side.
constexpr RouteHabits kConversation{.skew = 3.0, .drift = 1.35, .renewal = 0.024, .persistence = 0.35, .common = 0.3};

constexpr std::array kPresets = {
    RoutePreset{"conversation", "one conversation on one topic, between the traces of Qwen3-30B and Gemma 4",
                kConversation},
    RoutePreset{"mixed",
                "short turns on many topics, picked more evenly: the worse figures of long, mixed and cold use",
                {.skew = 1.5,
                 .drift = 1.0,
                 .renewal = 0.06,
                 .persistence = 0.35,
                 .common = 0.1,
                 .topics = 16,
                 .turn_tokens = 48}},
    RoutePreset{"qwen",
                "as Qwen3-30B-A3B in one conversation",
                {.skew = 2.83, .drift = 1.49, .renewal = 0.0197, .persistence = 0.337, .common = 0.3}},
    RoutePreset{"gemma",
                "as Gemma 4 26B-A4B in one conversation",
                {.skew = 3.14, .drift = 1.215, .renewal = 0.0262, .persistence = 0.458, .common = 0.3}},
    RoutePreset{"gptoss",
                "as gpt-oss-120b in one conversation, 2 of its 4 experts",
                {.skew = 2.06, .drift = 1.756, .renewal = 0.0257, .persistence = 0.051, .common = 0.3}},
};

}  // namespace

std::span<const RoutePreset> route_presets() {
  return kPresets;
}

const RoutePreset* route_preset(std::string_view name) {
  for (const RoutePreset& preset : kPresets) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

RouteModel::RouteModel(const RouteShape& shape, const RouteHabits& habits, uint64_t seed)
    : shape_(shape), habits_(habits), seed_(seed), random_(seed) {
  SLUICE_CHECK(check_route_shape(shape).ok() && habits.topics > 0);
  const size_t bank = static_cast<size_t>(shape.layers) * static_cast<size_t>(shape.experts);
  common_.resize(bank);
  topic_.resize(bank);
  mood_.resize(bank);
  weights_.resize(bank);
  before_.resize(bank);
  race_.resize(static_cast<size_t>(shape.experts));
  for (float& taste : common_) taste = static_cast<float>(popularity());
  for (float& mood : mood_) mood = static_cast<float>(normal());
  begin_turn();
}

// The standard library's distributions differ between implementations; these do not.
double RouteModel::uniform() {
  return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
}

double RouteModel::normal() {
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

double RouteModel::popularity() {
  return 1 + std::log(uniform());
}

void RouteModel::begin_turn() {
  const uint64_t topic = random_() % static_cast<uint64_t>(habits_.topics);
  const std::mt19937_64 resume = random_;
  random_.seed(seed_ * 0x9E3779B97F4A7C15 + topic + 1);  // a topic is the same whenever it returns
  for (float& taste : topic_) taste = static_cast<float>(popularity());
  random_ = resume;
  for (size_t expert = 0; expert < weights_.size(); ++expert) reweigh(expert);
}

void RouteModel::reweigh(size_t expert) {
  const double taste = std::sqrt(habits_.common) * common_[expert] + std::sqrt(1 - habits_.common) * topic_[expert];
  weights_[expert] = std::exp(habits_.skew * taste + habits_.drift * mood_[expert]);
}

void RouteModel::next(std::span<uint16_t> ids) {
  const size_t experts = static_cast<size_t>(shape_.experts), k = static_cast<size_t>(shape_.k);
  SLUICE_CHECK(ids.size() == static_cast<size_t>(shape_.layers) * k);
  // Gaps between redrawn moods are geometric: one random number a redraw instead of one an expert.
  const double log_stay = std::log1p(-std::clamp(habits_.renewal, 1e-12, 1 - 1e-12));
  for (double at = std::floor(std::log(uniform()) / log_stay); at < static_cast<double>(weights_.size());
       at += 1 + std::floor(std::log(uniform()) / log_stay)) {
    const auto expert = static_cast<size_t>(at);
    mood_[expert] = static_cast<float>(normal());
    reweigh(expert);
  }
  for (size_t layer = 0; layer < static_cast<size_t>(shape_.layers); ++layer) {
    const std::span<uint16_t> out = ids.subspan(layer * k, k);
    const std::span<char> before(&before_[layer * experts], experts);
    draw_layer({&weights_[layer * experts], experts}, before, out);
    std::fill(before.begin(), before.end(), 0);
    for (const uint16_t id : out) before[id] = 1;
  }
}

void RouteModel::draw_layer(std::span<const double> weights, std::span<const char> before, std::span<uint16_t> ids) {
  const double advantage = std::exp(habits_.persistence);
  for (size_t expert = 0; expert < weights.size(); ++expert) {
    const double weight = weights[expert] * (before[expert] != 0 ? advantage : 1.0);
    race_[expert] = {-std::log(uniform()) / weight, static_cast<uint16_t>(expert)};
  }
  std::partial_sort(race_.begin(), race_.begin() + static_cast<ptrdiff_t>(ids.size()), race_.end());
  for (size_t rank = 0; rank < ids.size(); ++rank) ids[rank] = race_[rank].second;
}

RouteTrace generate_routes(const RouteShape& shape, const RouteHabits& habits, uint64_t seed, int32_t prompt_tokens,
                           int32_t decode_tokens) {
  RouteModel model(shape, habits, seed);
  RouteTrace trace(shape);
  std::vector<uint16_t> ids(static_cast<size_t>(shape.layers) * static_cast<size_t>(shape.k));
  const int32_t per_turn = habits.turn_tokens > 0 ? habits.turn_tokens : std::max(decode_tokens, 1);
  for (int32_t turn = 0; turn == 0 || decode_tokens > 0; ++turn) {
    if (turn > 0) model.begin_turn();
    const int32_t decode = std::min(per_turn, decode_tokens);
    for (int32_t i = 0; i < prompt_tokens + decode; ++i) {
      model.next(ids);
      const RoutePhase phase = i < prompt_tokens ? RoutePhase::prompt : RoutePhase::decode;
      if (!trace.append(turn, phase, ids).ok()) return trace;
    }
    decode_tokens -= decode;
  }
  return trace;
}

}  // namespace sluice::cache
