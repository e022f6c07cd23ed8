// Routes made up to be like recorded ones, so that a synthetic model misses its cache as a real one does.
//
// An expert's chance at a layer is a weight exp(skew * taste + drift * mood), times exp(persistence) if the token
// before used it; k experts are drawn by weight without replacement, in exponential races (P. S. Efraimidis, P. G.
// Spirakis, "Weighted random sampling with a reservoir", Inf. Process. Lett. 97, 2006). Taste belongs to the topic, a
// part of it is common to all topics; it is 1 less an exponential, which fits the traces better than a normal or Zipf's
// law: no expert is loved, many are shunned. Mood is normal and redrawn for an expert now and then: the drift inside a
// topic. Every turn has a topic, drawn from a few.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/routes.h"

namespace sluice::cache {

struct RouteHabits {
  double skew = 0;          // deviation of taste: how far an expert's popularity differs from another's
  double drift = 0;         // deviation of mood
  double renewal = 0;       // chance that an expert's mood is redrawn before a token
  double persistence = 0;   // log of the advantage of an expert that the token before used
  double common = 0;        // share of taste (of its variance) that all topics have in common
  int32_t topics = 1;       // a turn draws its topic from so many
  int32_t turn_tokens = 0;  // decode tokens after which generate_routes begins another turn; 0: one turn
};

struct RoutePreset {
  std::string_view name;   // as bench --routes MODEL:NAME takes it
  std::string_view about;  // one line
  RouteHabits habits;
};

std::span<const RoutePreset> route_presets();
const RoutePreset* route_preset(std::string_view name);  // nullptr: unknown

// An endless stream of tokens; the same shape, habits and seed give the same routes. Not thread-safe.
class RouteModel {
 public:
  // REQUIRES: check_route_shape(shape).ok().
  RouteModel(const RouteShape& shape, const RouteHabits& habits, uint64_t seed);

  // Another turn: draws its topic.
  void begin_turn();

  // The next token's experts as [layers][k], in rank order. REQUIRES: ids.size() == layers * k.
  // Cost: a random number and a logarithm an expert of the whole bank, about 15 ns each.
  void next(std::span<uint16_t> ids);

  const RouteShape& shape() const { return shape_; }

 private:
  double uniform();  // in (0, 1)
  double normal();
  double popularity();  // mean 0, deviation 1, none far above it, a long tail of shunned ones below
  void reweigh(size_t expert);
  void draw_layer(std::span<const double> weights, std::span<const char> before, std::span<uint16_t> ids);

  const RouteShape shape_;
  const RouteHabits habits_;
  const uint64_t seed_;
  std::mt19937_64 random_;
  std::vector<float> common_, topic_, mood_;  // [layers * experts], this and the next two
  std::vector<double> weights_;
  std::vector<char> before_;                       // used by the token before
  std::vector<std::pair<double, uint16_t>> race_;  // [experts]
};

// A trace of turns, each of prompt_tokens and then decode tokens, decode_tokens of them altogether.
// REQUIRES: check_route_shape(shape).ok(), sizes not negative; ends early where a trace would be too long.
RouteTrace generate_routes(const RouteShape& shape, const RouteHabits& habits, uint64_t seed, int32_t prompt_tokens,
                           int32_t decode_tokens);

}  // namespace sluice::cache
