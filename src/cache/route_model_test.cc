#include "cache/route_model.h"

#include <gtest/gtest.h>

#include <string>

#include "cache/replay.h"

namespace sluice::cache {
namespace {

RouteTrace generate(const char* preset, const RouteShape& shape, uint64_t seed, int32_t prompt, int32_t decode) {
  return generate_routes(shape, route_preset(preset)->habits, seed, prompt, decode);
}

double lru_hits(const RouteTrace& trace, double share) {
  return replay(trace, *policy_by_name("lru"), {.slots = slots_for(trace.shape(), share)}).decode_hit_rate();
}

TEST(RouteModel, PresetsAreFoundByTheirNames) {
  for (const RoutePreset& preset : route_presets()) EXPECT_EQ(route_preset(preset.name), &preset);
  EXPECT_EQ(route_preset("zipf"), nullptr);
}

TEST(RouteModel, ASeedGivesTheSameRoutesAndAnotherDoesNot) {
  const RouteShape shape{3, 32, 4};
  for (const RoutePreset& preset : route_presets()) {
    const auto bytes = [&](uint64_t seed) { return write_routes(generate_routes(shape, preset.habits, seed, 5, 100)); };
    EXPECT_EQ(bytes(1), bytes(1)) << preset.name;
    EXPECT_NE(bytes(1), bytes(2)) << preset.name;
  }
}

// append refuses experts out of range or twice, so a full trace is a valid one.
TEST(RouteModel, EveryShapeGivesValidTokens) {
  for (const RouteShape& shape : {RouteShape{1, 1, 1}, RouteShape{2, 8, 8}, RouteShape{5, 512, 10}}) {
    for (const RoutePreset& preset : route_presets()) {
      const RouteTrace trace = generate_routes(shape, preset.habits, 3, 4, 10);
      EXPECT_EQ(trace.tokens(), 14u) << preset.name;
    }
  }
  EXPECT_EQ(generate("qwen", {1, 4, 2}, 1, 0, 0).tokens(), 0u);
}

TEST(RouteModel, MixedUseHasTurnsEachWithItsPrompt) {
  const RouteTrace trace = generate("mixed", {1, 16, 2}, 1, 3, 100);
  ASSERT_EQ(trace.tokens(), 100u + 3 * 3);
  EXPECT_EQ(trace.turn(0), 0);
  EXPECT_EQ(trace.turn(trace.tokens() - 1), 2);
  EXPECT_EQ(trace.phase(51), RoutePhase::prompt);
  EXPECT_EQ(trace.phase(54), RoutePhase::decode);
}

// The targets of docs/lab/2026-11-23-policy-replay.md: one conversation, and the lower figures of mixed use.
TEST(RouteModel, ConversationMissesAsRecordedOnesDoAndMixedMore) {
  const RouteShape shape{24, 256, 8};
  for (const uint64_t seed : {1, 2, 3}) {
    const RouteTrace talk = generate("conversation", shape, seed, 32, 128);
    EXPECT_NEAR(route_figures(talk).overlap, 0.28, 0.10);
    EXPECT_NEAR(lru_hits(talk, 0.10), 0.50, 0.05);
    EXPECT_NEAR(lru_hits(talk, 0.17), 0.69, 0.04);
    EXPECT_NEAR(lru_hits(talk, 0.33), 0.875, 0.04);
    const RouteTrace mixed = generate("mixed", shape, seed, 32, 384);
    EXPECT_NEAR(lru_hits(mixed, 0.18), 0.44, 0.05);
    EXPECT_NEAR(lru_hits(mixed, 0.36), 0.66, 0.06);
  }
}

struct Recorded {
  const char* preset;
  RouteShape shape;
  int32_t prompt, decode;
  double overlap, at_10, at_17, at_33;
};

TEST(RouteModel, PresetsAreLikeTheTracesTheyWereFittedTo) {
  for (const Recorded& r : {Recorded{"qwen", {48, 128, 6}, 28, 128, 0.380, 0.500, 0.693, 0.903},
                            Recorded{"gemma", {30, 128, 6}, 29, 128, 0.357, 0.490, 0.675, 0.872},
                            Recorded{"gptoss", {36, 128, 2}, 85, 64, 0.179, 0.589, 0.719, 0.814}}) {
    const RouteTrace trace = generate(r.preset, r.shape, 1, r.prompt, r.decode);
    EXPECT_NEAR(route_figures(trace).overlap, r.overlap, 0.03) << r.preset;
    EXPECT_NEAR(lru_hits(trace, 0.10), r.at_10, 0.06) << r.preset;
    EXPECT_NEAR(lru_hits(trace, 0.17), r.at_17, 0.06) << r.preset;
    EXPECT_NEAR(lru_hits(trace, 0.33), r.at_33, 0.04) << r.preset;
  }
}

}  // namespace
}  // namespace sluice::cache
