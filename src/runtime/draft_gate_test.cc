// The gate against made-up machines: what it converges to, how much it loses on the way.
#include "runtime/draft_gate.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::runtime {
namespace {

// A machine whose pass over 1 + d tokens takes cost[d] and whose guess i is right with probability right[i].
struct Machine {
  std::vector<double> cost;   // [kMostDrafts + 1]
  std::vector<double> right;  // [kMostDrafts + 1], [0] unused
  double noise = 0;
  uint64_t state = 1;

  double random() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 11) * 0x1.0p-53;
  }
};

struct Played {
  double seconds = 0;
  int64_t tokens = 0;
  std::vector<int64_t> passes = std::vector<int64_t>(kMostDrafts + 1);
};

Played play(DraftGate& gate, Machine& m, int64_t tokens) {
  Played out;
  while (out.tokens < tokens) {
    const int32_t d = gate.depth();
    int32_t accepted = 0;
    while (accepted < d && m.random() < m.right[static_cast<size_t>(accepted) + 1]) ++accepted;
    const double s = m.cost[static_cast<size_t>(d)] * (1 + m.noise * (m.random() - 0.5));
    gate.passed(d, accepted, s);
    out.seconds += s;
    out.tokens += 1 + accepted;
    ++out.passes[static_cast<size_t>(d)];
  }
  return out;
}

double plain_seconds(const Machine& m, int64_t tokens) { return m.cost[0] * static_cast<double>(tokens); }

TEST(DraftGate, StartsWithoutGuessesAndTriesSoon) {
  DraftGate gate(3);
  EXPECT_EQ(gate.depth(), 0);
  EXPECT_TRUE(gate.asleep());
  int passes = 0;
  for (; gate.depth() == 0; ++passes) gate.passed(0, 0, 1.0);
  EXPECT_EQ(passes, 16);
  EXPECT_EQ(gate.depth(), 1);
  EXPECT_FALSE(gate.asleep());
}

TEST(DraftGate, GuessesThatPayAreKept) {
  Machine m{{1, 1.2, 1.4, 1.6}, {0, 0.9, 0.85, 0.8}, 0.1};
  DraftGate gate(3);
  play(gate, m, 200);
  const Played p = play(gate, m, 2000);
  EXPECT_LT(p.seconds, 0.75 * plain_seconds(m, p.tokens));
  EXPECT_GT(p.passes[2] + p.passes[3], 4 * p.passes[0]);
}

TEST(DraftGate, NeverMoreThanItMay) {
  Machine m{{1, 1.05, 1.1, 1.15}, {0, 0.95, 0.95, 0.95}, 0};
  DraftGate gate(2);
  const Played p = play(gate, m, 2000);
  EXPECT_EQ(p.passes[3], 0);
  EXPECT_GT(p.passes[2], 300);
}

// Experts from the drive: a second token costs nearly as much as the first.
TEST(DraftGate, GuessesThatDoNotPayCostLittle) {
  Machine m{{1, 1.9, 2.8, 3.7}, {0, 0.6, 0.5, 0.4}, 0.2};
  DraftGate gate(3);
  const Played p = play(gate, m, 512);
  EXPECT_LT(p.seconds, 1.02 * plain_seconds(m, p.tokens));
  EXPECT_EQ(p.passes[2] + p.passes[3], 0);
  const Played later = play(gate, m, 4096);
  EXPECT_LT(later.seconds, 1.005 * plain_seconds(m, later.tokens));
}

TEST(DraftGate, GuessesThatAreNeverRightAreDropped) {
  Machine m{{1, 1.1, 1.2, 1.3}, {0, 0.0, 0.0, 0.0}, 0.1};
  DraftGate gate(3);
  const Played p = play(gate, m, 512);
  EXPECT_LT(p.seconds, 1.02 * plain_seconds(m, p.tokens));
}

TEST(DraftGate, TheDepthFollowsTheCosts) {
  // The second guess is right often, but its tokens cost more than it brings.
  Machine m{{1, 1.2, 2.2, 3.2}, {0, 0.9, 0.8, 0.8}, 0.1};
  DraftGate gate(3);
  play(gate, m, 300);
  const Played p = play(gate, m, 2000);
  EXPECT_GT(p.passes[1], 8 * (p.passes[2] + p.passes[3]));
  EXPECT_LT(p.seconds, 0.72 * plain_seconds(m, p.tokens));
}

TEST(DraftGate, AChangeOfTheMachineIsNoticed) {
  Machine good{{1, 1.2, 1.4, 1.6}, {0, 0.9, 0.85, 0.8}, 0.1};
  DraftGate gate(3);
  play(gate, good, 1000);
  EXPECT_GT(gate.depth(), 0);
  Machine bad{{1, 3, 4, 5}, {0, 0.4, 0.3, 0.3}, 0.1};
  const Played p = play(gate, bad, 1000);
  EXPECT_LT(p.seconds, 1.1 * plain_seconds(bad, p.tokens));
  EXPECT_EQ(gate.asleep() || gate.depth() <= 1, true);
}

// One read that takes a hundred times as long is no reason to change.
TEST(DraftGate, OneSlowPassChangesNothing) {
  Machine m{{1, 1.2, 1.4, 1.6}, {0, 0.9, 0.85, 0.8}, 0};
  DraftGate gate(1);
  play(gate, m, 500);
  const int32_t before = gate.depth();
  ASSERT_EQ(before, 1);
  gate.passed(1, 1, 120.0);
  EXPECT_EQ(gate.depth(), before);
}

// A source that has nothing to guess from makes plain passes; they count as such.
TEST(DraftGate, PassesWithFewerGuessesThanAskedFor) {
  DraftGate gate(3);
  for (int i = 0; i < 100; ++i) gate.passed(0, 0, 1.0);
  EXPECT_EQ(gate.depth(), 1);  // on trial until there is a guess to try
  EXPECT_GT(gate.rate(0), 0.99);
  EXPECT_EQ(gate.rate(1), 0);
}

}  // namespace
}  // namespace sluice::runtime
