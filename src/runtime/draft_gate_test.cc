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
  double cold = 1;          // times as slow at first,
  int64_t warm_passes = 0;  // as it says after so many passes
  int64_t at = 0;

  double warmth() const {
    return at >= warm_passes ? 1 : cold + (1 - cold) * static_cast<double>(at) / static_cast<double>(warm_passes);
  }

  double random() {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state >> 11) * 0x1.0p-53;
  }
};

struct Played {
  double seconds = 0, plain = 0;  // of these passes, of the same tokens without guesses
  int64_t tokens = 0;
  std::vector<int64_t> passes = std::vector<int64_t>(kMostDrafts + 1);
};

Played play(DraftGate& gate, Machine& m, int64_t tokens) {
  Played out;
  while (out.tokens < tokens) {
    const int32_t d = gate.depth();
    int32_t accepted = 0;
    while (accepted < d && m.random() < m.right[static_cast<size_t>(accepted) + 1]) ++accepted;
    const double s = m.warmth() * m.cost[static_cast<size_t>(d)] * (1 + m.noise * (m.random() - 0.5));
    out.plain += m.warmth() * m.cost[0] * (1 + accepted);
    ++m.at;
    gate.passed(d, accepted, s);
    out.seconds += s;
    out.tokens += 1 + accepted;
    ++out.passes[static_cast<size_t>(d)];
  }
  return out;
}

TEST(DraftGate, StartsWithoutGuessesAndTriesSoon) {
  DraftGate gate(3);
  EXPECT_EQ(gate.depth(), 0);
  int passes = 0;
  for (; gate.depth() == 0; ++passes) gate.passed(0, 0, 1.0);
  EXPECT_EQ(passes, 16);
  EXPECT_EQ(gate.depth(), 1);
}

TEST(DraftGate, GuessesThatPayAreKept) {
  Machine m{{1, 1.2, 1.4, 1.6}, {0, 0.9, 0.85, 0.8}, 0.1};
  DraftGate gate(3);
  play(gate, m, 200);
  const Played p = play(gate, m, 2000);
  EXPECT_LT(p.seconds, 0.75 * p.plain);
  EXPECT_GT(p.passes[2] + p.passes[3], 4 * p.passes[0]);
}

TEST(DraftGate, NeverMoreThanItMay) {
  Machine m{{1, 1.05, 1.1, 1.15}, {0, 0.95, 0.95, 0.95}, 0};
  DraftGate gate(2);
  const Played p = play(gate, m, 2000);
  EXPECT_EQ(p.passes[3], 0);
  EXPECT_GT(p.passes[2], 300);
}

// Caches fill: every pass is faster than the one before it, by far more than guesses cost.
TEST(DraftGate, AMachineThatWarmsUpDoesNotFoolIt) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Machine m{{1, 2.05, 2.9, 4}, {0, 0.92, 0.88, 0.82}, 0.3, seed};
    m.cold = 3;
    m.warm_passes = 150;
    DraftGate gate(3);
    const Played p = play(gate, m, 600);
    EXPECT_LT(p.seconds, 1.03 * p.plain) << "seed " << seed;
    const Played later = play(gate, m, 2000);
    EXPECT_LT(later.seconds, 1.02 * later.plain) << "seed " << seed;
  }
}

// Gains of a few per cent either way, in noise many times as large: lost is little, whatever it decides.
TEST(DraftGate, CloseCallsCostLittle) {
  for (const double cost : {1.75, 1.85, 1.95, 2.05}) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      Machine m{{1, cost, cost + 1, cost + 2}, {0, 0.9, 0.85, 0.8}, 0.6, seed};
      DraftGate gate(3);
      const Played p = play(gate, m, 3000);
      EXPECT_LT(p.seconds, 1.02 * p.plain) << "cost " << cost << " seed " << seed;
    }
  }
}

// Depth 1 loses a little, depth 3 pays: the way there is found.
TEST(DraftGate, ADeeperDepthMayPayWhereTheFirstDoesNot) {
  Machine m{{1, 1.96, 2.3, 2.6}, {0, 0.92, 0.9, 0.88}, 0.2};
  DraftGate gate(3);
  play(gate, m, 2000);
  const Played p = play(gate, m, 2000);
  EXPECT_LT(p.seconds, 0.85 * p.plain);
}

// What would have been right is known without a pass: text that begins to repeat is not slept through.
TEST(DraftGate, ForeseenGuessesEndAPause) {
  DraftGate gate(3);
  Machine never{{1, 1.2, 1.4, 1.6}, {0, 0, 0, 0}, 0.1};
  for (int i = 0; i < 30; ++i) gate.foresaw(3, 0);
  EXPECT_EQ(play(gate, never, 500).passes[1], 0);
  for (int i = 0; i < 60; ++i) gate.foresaw(3, 3);
  Machine always{{1, 1.2, 1.4, 1.6}, {0, 1, 1, 1}, 0.1};
  const Played p = play(gate, always, 1000);
  EXPECT_LT(p.seconds, 0.6 * p.plain);
}

// Experts from the drive: a second token costs nearly as much as the first.
TEST(DraftGate, GuessesThatDoNotPayCostLittle) {
  Machine m{{1, 1.9, 2.8, 3.7}, {0, 0.6, 0.5, 0.4}, 0.2};
  DraftGate gate(3);
  const Played p = play(gate, m, 512);
  EXPECT_LT(p.seconds, 1.02 * p.plain);
  EXPECT_EQ(p.passes[2] + p.passes[3], 0);
  const Played later = play(gate, m, 4096);
  EXPECT_LT(later.seconds, 1.005 * later.plain);
}

TEST(DraftGate, GuessesThatAreNeverRightAreDropped) {
  Machine m{{1, 1.1, 1.2, 1.3}, {0, 0.0, 0.0, 0.0}, 0.1};
  DraftGate gate(3);
  const Played p = play(gate, m, 512);
  EXPECT_LT(p.seconds, 1.02 * p.plain);
}

TEST(DraftGate, TheDepthFollowsTheCosts) {
  // The second guess is right often, but its tokens cost more than it brings.
  Machine m{{1, 1.2, 2.2, 3.2}, {0, 0.9, 0.8, 0.8}, 0.1};
  DraftGate gate(3);
  play(gate, m, 300);
  const Played p = play(gate, m, 2000);
  EXPECT_GT(p.passes[1], 8 * (p.passes[2] + p.passes[3]));
  EXPECT_LT(p.seconds, 0.72 * p.plain);
}

TEST(DraftGate, AChangeOfTheMachineIsNoticed) {
  Machine good{{1, 1.2, 1.4, 1.6}, {0, 0.9, 0.85, 0.8}, 0.1};
  DraftGate gate(3);
  play(gate, good, 1000);
  EXPECT_GT(gate.depth(), 0);
  Machine bad{{1, 3, 4, 5}, {0, 0.4, 0.3, 0.3}, 0.1};
  const Played p = play(gate, bad, 1000);
  EXPECT_LT(p.seconds, 1.08 * p.plain);
  EXPECT_LE(gate.depth(), 1);
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
  EXPECT_EQ(gate.gain(0), 1);
  EXPECT_EQ(gate.gain(1), 0);
}

}  // namespace
}  // namespace sluice::runtime
