#include "runtime/governor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice::runtime {
namespace {

constexpr uint64_t kSlot = 7'000'000;
constexpr uint64_t kReserve = 2'000'000'000;

// A made-up machine with a model on it: hits grow with the slots, and past `cliff` slots it pages.
struct Machine {
  int32_t bank = 4000;        // experts there are
  int32_t cliff = 1 << 30;    // slots past which tokens take eight times as long
  bool faults_tell = true;    // false: memory is compressed instead, only the time shows it
  double noise = 0;           // of a token's time, relative standard deviation
  uint64_t memory = 1 << 30;  // for slots and everybody else, reserve included
  uint64_t others = 0;
  int32_t held = 0;  // follows the advice, up at once, down by up to 100 a token
  uint64_t faults = 5000;
  std::mt19937 random{1};

  double hit_rate() const { return std::min(1.0, 0.3 + 0.7 * held / bank); }
  Sample token(int32_t slots) {
    held = held < slots ? slots : std::max(slots, held - 100);
    Sample s;
    const bool paging = held > cliff;
    s.hit_rate = hit_rate();
    s.token_s = (0.02 + 0.2 * (1 - s.hit_rate)) * (paging ? 8 : 1);
    if (noise > 0) s.token_s *= std::max(0.2, std::normal_distribution<double>(1, noise)(random));
    if (paging && faults_tell) faults += 100 + static_cast<uint64_t>(held - cliff);
    s.major_faults = faults;
    const uint64_t used = others + static_cast<uint64_t>(held) * kSlot;
    s.available = memory > used ? memory - used : 0;
    s.held = held;
    return s;
  }
};

// Memory for so many slots and the reserve.
uint64_t room_for(int32_t slots) {
  return kReserve + static_cast<uint64_t>(slots) * kSlot;
}

// What a run of tokens came to.
struct Course {
  int32_t low = 1 << 30, high = 0, moves = 0, paging = 0;
};

class GovernorTest : public ::testing::Test {
 protected:
  static GovernorLimits limits(int32_t least, int32_t most, int32_t start) {
    return {.least = least, .most = most, .start = start, .slot_bytes = kSlot, .reserve = kReserve};
  }
  static Course run(Governor& governor, Machine& machine, int tokens) {
    Course out;
    for (int i = 0; i < tokens; ++i) {
      const int32_t before = governor.slots();
      const int32_t slots = governor.advise(machine.token(before));
      EXPECT_EQ(slots, governor.slots());
      EXPECT_EQ(slots != before, governor.last_move() != Move::none);
      out.low = std::min(out.low, slots);
      out.high = std::max(out.high, slots);
      out.moves += slots != before;
      out.paging += machine.held > machine.cliff;
    }
    return out;
  }
};

TEST_F(GovernorTest, StartsBelowAndGrowsToTheMostWhileItHelps) {
  EXPECT_EQ(cautious_start(10, 1000), 850);
  EXPECT_EQ(cautious_start(900, 1000), 900);
  EXPECT_EQ(cautious_start(1, 1), 1);
  Machine machine{.memory = room_for(5000)};
  Governor governor(limits(600, 1000, 850));
  const Course out = run(governor, machine, 2000);
  EXPECT_EQ(governor.slots(), 1000);
  EXPECT_EQ(out.high, 1000);
  EXPECT_GE(out.low, 850);
  EXPECT_EQ(governor.moves(Move::stepped_back), 0u);
}

TEST_F(GovernorTest, DoesNotGrowWhereEverythingHits) {
  Machine machine{.bank = 500, .memory = room_for(5000)};
  Governor governor(limits(600, 1000, 850));
  EXPECT_EQ(run(governor, machine, 2000).moves, 0);
}

TEST_F(GovernorTest, StopsBelowTheCliffAndTriesItEverMoreRarely) {
  for (const bool faults_tell : {true, false}) {
    for (const double noise : {0.0, 0.1, 0.3}) {
      Machine machine{.cliff = 930, .faults_tell = faults_tell, .noise = noise, .memory = room_for(5000)};
      Governor governor(limits(600, 1000, 850));
      run(governor, machine, 3000);
      EXPECT_LE(governor.slots(), 930);
      EXPECT_GE(governor.slots(), 850);
      const Course later = run(governor, machine, 20'000);
      EXPECT_LE(later.moves, 16) << faults_tell << noise;
      EXPECT_LE(later.paging, 60) << faults_tell << noise;
      EXPECT_LE(governor.slots(), 930);
    }
  }
}

TEST_F(GovernorTest, ComesDownFromAboveTheCliffWithinTokens) {
  Machine machine{.cliff = 600, .memory = room_for(5000)};
  Governor governor(limits(100, 1000, 1000));
  const Course out = run(governor, machine, 60);
  EXPECT_LE(governor.slots(), 600);
  EXPECT_GE(out.low, 400);
  EXPECT_LE(out.paging, 25);
}

TEST_F(GovernorTest, TheLeastIsKeptHoweverBadItIs) {
  Machine machine{.cliff = 10, .memory = room_for(0)};
  Governor governor(limits(300, 1000, 850));
  EXPECT_EQ(run(governor, machine, 500).low, 300);
  EXPECT_EQ(governor.slots(), 300);
  Governor fixed(limits(7, 7, 7));
  EXPECT_EQ(run(fixed, machine, 500).moves, 0);
}

TEST_F(GovernorTest, MakesRoomForOthersAtOnceAndOnlyAsMuchAsNeeded) {
  Machine machine{.memory = room_for(1000)};
  Governor governor(limits(100, 900, 850));
  run(governor, machine, 1000);
  const int32_t before = governor.slots();
  machine.others = 200 * kSlot;
  governor.advise(machine.token(governor.slots()));
  EXPECT_EQ(governor.last_move(), Move::fled_others);
  // 1000 slots and the reserve fit: now 800, less an eighth of the reserve.
  EXPECT_LT(governor.slots(), 800);
  EXPECT_GT(governor.slots(), 750);
  // The cache needs some tokens to give back: no second flight meanwhile.
  const Course during = run(governor, machine, 20);
  EXPECT_EQ(during.moves, 0);
  machine.others = 0;
  run(governor, machine, 4000);
  EXPECT_GE(governor.slots(), before - 30);
}

TEST_F(GovernorTest, SteadyPressureIsNoReasonToOscillate) {
  Machine machine{.noise = 0.2, .memory = room_for(700)};
  Governor governor(limits(100, 1000, 850));
  run(governor, machine, 300);
  EXPECT_LE(governor.slots(), 700);
  const Course out = run(governor, machine, 10'000);
  EXPECT_EQ(governor.moves(Move::fled_others), 1u);
  EXPECT_LE(out.high, 700);
  EXPECT_LE(out.moves, 20);
}

TEST_F(GovernorTest, OthersThatComeAndGoAreFollowedDownButNotUpAtOnce) {
  Machine machine{.memory = room_for(1000)};
  Governor governor(limits(100, 1000, 850));
  int moves = 0;
  for (int i = 0; i < 200; ++i) {
    machine.others = i % 2 == 0 ? 0 : 250 * kSlot;
    moves += run(governor, machine, 20).moves;
  }
  EXPECT_LE(moves, 18);  // 200 times they came or went
  EXPECT_LE(governor.slots(), 750 + 28);
}

TEST_F(GovernorTest, AFewFaultsAreNoPaging) {
  Machine machine{.memory = room_for(5000)};
  Governor governor(limits(600, 1000, 850));
  for (int i = 0; i < 3000; ++i) {
    machine.faults += i % 50 == 0 ? 10 : 0;
    governor.advise(machine.token(governor.slots()));
  }
  EXPECT_EQ(governor.moves(Move::fled_paging), 0u);
  EXPECT_GT(governor.slots(), 850);
  machine.faults += 40;
  governor.advise(machine.token(governor.slots()));
  EXPECT_EQ(governor.last_move(), Move::fled_paging);
}

TEST_F(GovernorTest, PagesThatComeBackAfterAFlightAreNoReasonForAnother) {
  Machine machine{.memory = room_for(5000)};
  Governor governor(limits(600, 1000, 1000));
  governor.advise(machine.token(1000));
  uint64_t burst = 4000;
  for (int i = 0; i < 100; ++i, burst = burst * 7 / 10) {
    machine.faults += burst;
    governor.advise(machine.token(governor.slots()));
  }
  EXPECT_EQ(governor.moves(Move::fled_paging), 1u);
}

TEST_F(GovernorTest, StallsOfOthersHoldGrowthBack) {
  Machine machine{.memory = room_for(5000)};
  Governor governor(limits(600, 1000, 850));
  for (int i = 0; i < 1000; ++i) {
    Sample s = machine.token(governor.slots());
    s.stalled = 5;
    EXPECT_EQ(governor.advise(s), 850);
  }
}

TEST_F(GovernorTest, SlotsGrantedAndNotFilledCountAsTaken) {
  // Room for 900, of which the cache has filled few: growing to 1000 would be a promise that cannot be kept.
  Machine machine{.memory = room_for(900)};
  Governor governor(limits(600, 1000, 850));
  for (int i = 0; i < 1000; ++i) {
    Sample s = machine.token(100);
    EXPECT_LE(governor.advise(s), 900);
  }
}

// Anything may come in: the advice stays within its bounds.
TEST_F(GovernorTest, StaysWithinBoundsWhateverItSees) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    const auto below = [&](int32_t n) { return static_cast<int32_t>(random() % static_cast<uint64_t>(n)); };
    const int32_t least = 1 + below(50), most = least + below(500);
    Governor governor(limits(least, most, least + below(most - least + 1)));
    for (int i = 0; i < 3000; ++i) {
      const int32_t before = governor.slots();
      const int32_t slots = governor.advise({.token_s = below(100) / 50.0,
                                             .major_faults = random() % 4 == 0 ? random() : 1000,
                                             .available = random() % 3 == 0 ? random() : kReserve * 2,
                                             .stalled = below(5) - 1.0,
                                             .hit_rate = below(100) / 99.0,
                                             .held = below(most + 100)});
      ASSERT_GE(slots, least);
      ASSERT_LE(slots, most);
      ASSERT_EQ(slots != before, governor.last_move() != Move::none);
    }
  }
}

}  // namespace
}  // namespace sluice::runtime
