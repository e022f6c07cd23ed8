#include "cache/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace sluice::cache {
namespace {

using Tokens = std::vector<std::vector<uint16_t>>;

RouteTrace trace_of(const RouteShape& shape, const Tokens& tokens, RoutePhase phase = RoutePhase::decode) {
  RouteTrace trace(shape);
  for (const auto& ids : tokens) EXPECT_TRUE(trace.append(0, phase, ids).ok());
  return trace;
}

RouteTrace random_trace(const RouteShape& shape, int tokens, uint64_t seed) {
  std::mt19937_64 random(seed);
  RouteTrace trace(shape);
  while (trace.tokens() < static_cast<size_t>(tokens)) {
    std::vector<uint16_t> ids;
    for (int32_t i = 0; i < shape.layers * shape.k; ++i) {
      ids.push_back(static_cast<uint16_t>(random() % static_cast<uint64_t>(shape.experts)));
    }
    const RoutePhase phase = trace.tokens() < 5 ? RoutePhase::prompt : RoutePhase::decode;
    (void)trace.append(0, phase, ids);  // refuses tokens that use an expert twice
  }
  return trace;
}

// The fewest misses over all ways to evict: every choice is tried.
int fewest_misses(const std::vector<uint16_t>& uses, size_t at, std::vector<uint16_t> held, size_t slots) {
  if (at == uses.size()) return 0;
  if (std::find(held.begin(), held.end(), uses[at]) != held.end()) return fewest_misses(uses, at + 1, held, slots);
  if (held.size() < slots) {
    held.push_back(uses[at]);
    return 1 + fewest_misses(uses, at + 1, held, slots);
  }
  int best = 1 << 20;
  for (uint16_t& victim : held) {
    const uint16_t kept = std::exchange(victim, uses[at]);
    best = std::min(best, 1 + fewest_misses(uses, at + 1, held, slots));
    victim = kept;
  }
  return best;
}

TEST(Replay, CountsAsByHand) {
  const RouteTrace trace = trace_of({2, 4, 1}, {{0, 0}, {0, 1}, {0, 0}, {1, 0}});
  const ReplayCounts lru = replay(trace, *policy_by_name("lru"), {.slots = 3});
  EXPECT_EQ(lru.decode_uses, 8u);
  EXPECT_EQ(lru.decode_hits, 4u);  // layer 0: tokens 1 and 2; layer 1: tokens 2 and 3
  EXPECT_EQ(lru.prompt_uses, 0u);
}

TEST(Replay, LruOfACycleLongerThanThePoolNeverHitsAndFadingDoes) {
  const RouteTrace trace = trace_of({8, 2, 1}, Tokens(20, std::vector<uint16_t>(8, 1)));
  EXPECT_EQ(replay(trace, *policy_by_name("lru"), {.slots = 6}).decode_hits, 0u);
  EXPECT_GT(replay(trace, *policy_by_name("fading"), {.slots = 6, .layer_floor = 0}).decode_hit_rate(), 0.5);
}

TEST(Replay, APromptChunkUsesEachExpertOnce) {
  const RouteTrace trace = trace_of({1, 4, 2}, {{0, 1}, {1, 2}, {2, 1}, {0, 1}}, RoutePhase::prompt);
  const PolicyRow& policy = policies().front();
  EXPECT_EQ(replay(trace, policy, {.slots = 4}).prompt_uses, 3u);
  const ReplayCounts halves = replay(trace, policy, {.slots = 4, .chunk = 2});
  EXPECT_EQ(halves.prompt_uses, 6u);
  EXPECT_EQ(halves.prompt_hits, 3u);
  EXPECT_EQ(halves.decode_uses, 0u);
}

TEST(Replay, FewerSlotsThanATokenNeedsIsNoError) {
  const RouteTrace trace = random_trace({3, 8, 4}, 30, 1);
  for (const PolicyRow& row : policies()) EXPECT_EQ(replay(trace, row, {.slots = 2}).decode_uses, 25u * 12);
  EXPECT_EQ(replay_belady(trace, {.slots = 2}).decode_uses, 25u * 12);
}

TEST(Replay, BeladyIsTheBestOfAllWays) {
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    RouteTrace trace({1, 5, 1});
    std::vector<uint16_t> uses;
    for (int i = 0; i < 11; ++i) {
      uses.push_back(static_cast<uint16_t>(random() % 5));
      ASSERT_TRUE(trace.append(0, RoutePhase::decode, {&uses.back(), 1}).ok());
    }
    for (const int32_t slots : {1, 2, 3}) {
      EXPECT_EQ(replay_belady(trace, {.slots = slots}).decode_misses(),
                static_cast<uint64_t>(fewest_misses(uses, 0, {}, static_cast<size_t>(slots))));
    }
  }
}

TEST(Replay, NoPolicyBeatsBeladyAndRoomForAllMissesOnce) {
  const RouteTrace trace = random_trace({4, 16, 3}, 200, 2);
  for (const PolicyRow& row : policies()) {
    for (const int32_t slots : {6, 12, 20, 40, 64}) {
      const ReplayCounts best = replay_belady(trace, {.slots = slots}), counts = replay(trace, row, {.slots = slots});
      EXPECT_GE(best.decode_hits + best.prompt_hits, counts.decode_hits + counts.prompt_hits) << row.name;
      EXPECT_EQ(counts.decode_uses, best.decode_uses);
      if (slots < 64) continue;
      EXPECT_EQ(counts.decode_hits, best.decode_hits) << row.name;
    }
  }
}

TEST(Replay, FiguresOfATrace) {
  const RouteFigures figures = route_figures(trace_of({1, 10, 2}, {{0, 1}, {1, 2}, {2, 1}}));
  EXPECT_DOUBLE_EQ(figures.overlap, 3.0 / 4);
  EXPECT_DOUBLE_EQ(figures.touched, 3.0 / 10);
  EXPECT_DOUBLE_EQ(figures.busiest, 3.0 / 6);
  EXPECT_EQ(slots_for({2, 10, 2}, 0.25), 5);
  EXPECT_EQ(slots_for({2, 10, 2}, 0), 1);
}

// What made "fading" the default: docs/lab/2026-11-23-policy-replay.md. An excerpt, so the figures differ from those.
TEST(Replay, OnARealExcerptTheDefaultMissesLessThanLru) {
  std::ifstream file(SLUICE_SOURCE_DIR "/tests/data/routes/gptoss_6_layers.csv", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto trace = read_routes(bytes);
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  EXPECT_EQ(trace->tokens(), 149u);
  for (const double share : {0.02, 0.05, 0.10, 0.25}) {
    const ReplayOptions options{.slots = slots_for(trace->shape(), share)};
    const ReplayCounts lru = replay(*trace, *policy_by_name("lru"), options);
    const ReplayCounts ours = replay(*trace, policies().front(), options);
    EXPECT_EQ(ours.decode_uses, 64u * 12);
    EXPECT_LT(ours.decode_misses(), lru.decode_misses()) << share;
    EXPECT_LT(replay_belady(*trace, options).decode_misses(), ours.decode_misses()) << share;
  }
}

}  // namespace
}  // namespace sluice::cache
