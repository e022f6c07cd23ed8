// What the cache promises under every policy of the table.
#include "cache/expert_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace sluice::cache {

// Names a parameter in test listings.
inline void PrintTo(const PolicyRow& row, std::ostream* out) {
  *out << row.name;
}
namespace {

class ExpertCacheTest : public ::testing::TestWithParam<PolicyRow> {
 protected:
  ExpertCache make(int32_t layers, int32_t experts, int32_t slots) const {
    return ExpertCache({.layers = layers, .experts_per_layer = experts, .slots = slots}, GetParam());
  }
};

// What a token does for one expert, its load included. Returns the slot, pinned.
int32_t use(ExpertCache& cache, ExpertKey key) {
  const Lookup lookup = cache.acquire(key);
  if (lookup.found()) return lookup.slot;
  const int32_t slot = cache.begin_load(key);
  if (slot != kNoSlot) cache.finish_load(slot, true);
  return slot;
}

TEST_P(ExpertCacheTest, TheLifeOfASlot) {
  ExpertCache cache = make(2, 4, 3);
  const ExpertKey key{1, 2};
  EXPECT_FALSE(cache.find(key).found());
  EXPECT_FALSE(cache.acquire(key).found());
  const int32_t slot = cache.begin_load(key);
  EXPECT_EQ(slot, 0);
  EXPECT_EQ(cache.find(key).state, SlotState::loading);
  EXPECT_EQ(cache.acquire(key).state, SlotState::loading);
  EXPECT_EQ(cache.pins(slot), 2);
  cache.finish_load(slot, true);
  EXPECT_EQ(cache.acquire(key).state, SlotState::ready);
  EXPECT_EQ(cache.key(slot), key);
  EXPECT_EQ(cache.pinned_slots(), 1);
  for (int i = 0; i < 3; ++i) cache.release(slot);
  EXPECT_EQ(cache.pinned_slots(), 0);
  EXPECT_EQ(cache.find(key).slot, slot);
  EXPECT_EQ(cache.counters().hits, 1u);
  EXPECT_EQ(cache.counters().late_hits, 1u);
  EXPECT_EQ(cache.counters().misses, 1u);
}

TEST_P(ExpertCacheTest, PinnedSlotsAreNeverEvictedAndAllPinnedRefuses) {
  ExpertCache cache = make(1, 20, 4);
  for (int32_t e = 0; e < 4; ++e) ASSERT_NE(use(cache, {0, e}), kNoSlot);
  EXPECT_EQ(cache.begin_load({0, 4}), kNoSlot);
  EXPECT_EQ(cache.begin_load({0, 4}, Admission::speculative), kNoSlot);
  EXPECT_FALSE(cache.find({0, 4}).found());
  cache.release(cache.find({0, 2}).slot);
  for (int32_t e = 4; e < 20; ++e) {
    const int32_t slot = use(cache, {0, e});
    ASSERT_EQ(slot, 2);
    cache.release(slot);
  }
  for (const int32_t e : {0, 1, 3}) EXPECT_EQ(cache.find({0, e}).slot, e);
  EXPECT_EQ(cache.counters().evictions, 16u);
}

TEST_P(ExpertCacheTest, AFailedLoadLeavesTheExpertAbsentAndTheSlotFree) {
  ExpertCache cache = make(1, 4, 1);
  const int32_t slot = cache.begin_load({0, 0});
  cache.finish_load(slot, false);
  EXPECT_FALSE(cache.find({0, 0}).found());
  EXPECT_EQ(cache.pins(slot), 0);
  EXPECT_EQ(cache.begin_load({0, 0}), slot);
  EXPECT_EQ(cache.counters().failed_loads, 1u);
  EXPECT_EQ(cache.counters().evictions, 0u);
}

TEST_P(ExpertCacheTest, AFailedLoadServesAgainOnlyWhenItsLastHolderLetGo) {
  ExpertCache cache = make(1, 4, 2);
  const int32_t slot = cache.begin_load({0, 0});
  EXPECT_EQ(cache.acquire({0, 0}).slot, slot);
  cache.finish_load(slot, false);
  EXPECT_EQ(cache.state(slot), SlotState::empty);
  EXPECT_EQ(cache.pins(slot), 1);
  const int32_t other = cache.begin_load({0, 0});
  EXPECT_NE(other, slot);
  EXPECT_EQ(cache.begin_load({0, 1}), kNoSlot);
  cache.release(slot);
  EXPECT_EQ(cache.begin_load({0, 1}), slot);
}

TEST_P(ExpertCacheTest, RoomForAllNeverEvicts) {
  ExpertCache cache = make(6, 8, 48);
  std::mt19937 random(3);
  for (int i = 0; i < 5000; ++i) {
    const ExpertKey key{static_cast<int32_t>(random() % 6), static_cast<int32_t>(random() % 8)};
    const int32_t slot = use(cache, key);
    ASSERT_NE(slot, kNoSlot);
    cache.release(slot);
  }
  EXPECT_EQ(cache.counters().evictions, 0u);
  EXPECT_EQ(cache.counters().misses, 48u);
}

TEST_P(ExpertCacheTest, OneSlotServesOneExpertAtATime) {
  ExpertCache cache = make(3, 3, 1);
  for (int32_t i = 0; i < 30; ++i) {
    const int32_t slot = use(cache, {i % 3, i % 2});
    ASSERT_EQ(slot, 0);
    EXPECT_EQ(cache.begin_load({i % 3, 2}), kNoSlot);
    cache.release(slot);
  }
}

// A demand load must find a slot whenever one is unpinned, whatever the policy thinks; find and key agree throughout.
TEST_P(ExpertCacheTest, DemandIsAlwaysServedWhileASlotIsUnpinned) {
  ExpertCache cache = make(4, 16, 10);
  std::mt19937 random(4);
  std::vector<int32_t> held;
  for (int i = 0; i < 20'000; ++i) {
    const ExpertKey key{static_cast<int32_t>(random() % 4), static_cast<int32_t>(random() % 16)};
    if (held.size() > random() % 12) {
      std::swap(held[random() % held.size()], held.back());
      cache.release(held.back());
      held.pop_back();
    }
    if (random() % 4 == 0 && !cache.find(key).found()) {
      const int32_t slot = cache.begin_load(key, Admission::speculative);
      if (slot != kNoSlot) cache.finish_load(slot, random() % 8 != 0);
      if (slot != kNoSlot && cache.pins(slot) > 0) cache.release(slot);
      continue;
    }
    const bool room = cache.find(key).found() || cache.pinned_slots() < 10;
    const int32_t slot = use(cache, key);
    ASSERT_EQ(slot != kNoSlot, room) << i;
    if (slot == kNoSlot) continue;
    ASSERT_EQ(cache.key(slot), key);
    ASSERT_EQ(cache.find(key).slot, slot);
    held.push_back(slot);
  }
  EXPECT_GT(cache.counters().evictions, 0u);
}

TEST_P(ExpertCacheTest, ALowerLimitRetiresEmptySlotsFirstAndGivesThemBackWhenRaised) {
  ExpertCache cache = make(2, 8, 6);
  for (int32_t e = 0; e < 3; ++e) cache.release(use(cache, {0, e}));
  EXPECT_EQ(cache.retire_one(), kNoSlot);
  cache.set_limit(4);
  EXPECT_TRUE(cache.over_limit());
  for (int i = 0; i < 2; ++i) EXPECT_GE(cache.retire_one(), 3);
  EXPECT_EQ(cache.retire_one(), kNoSlot);
  EXPECT_FALSE(cache.over_limit());
  EXPECT_EQ(cache.counters().evictions, 0u);
  for (int32_t e = 0; e < 8; ++e) cache.release(use(cache, {1, e}));
  EXPECT_EQ(cache.occupied_slots(), 4);
  EXPECT_EQ(cache.retired_slots(), 2);
  cache.set_limit(6);
  EXPECT_EQ(cache.retired_slots(), 0);
  std::vector<int32_t> slots;
  for (int32_t e = 0; e < 6; ++e) slots.push_back(use(cache, {0, e}));
  std::sort(slots.begin(), slots.end());
  EXPECT_EQ(slots, (std::vector<int32_t>{0, 1, 2, 3, 4, 5}));
}

TEST_P(ExpertCacheTest, PinnedSlotsAreRetiredWhenReleased) {
  ExpertCache cache = make(1, 9, 4);
  for (int32_t e = 0; e < 4; ++e) ASSERT_EQ(use(cache, {0, e}), e);
  const int32_t failing = 3;
  cache.set_limit(1);
  EXPECT_EQ(cache.retire_one(), kNoSlot);
  EXPECT_TRUE(cache.over_limit());
  EXPECT_EQ(cache.begin_load({0, 8}), kNoSlot);
  cache.release(2);
  EXPECT_EQ(cache.retire_one(), 2);
  EXPECT_FALSE(cache.find({0, 2}).found());
  EXPECT_EQ(cache.state(2), SlotState::empty);
  EXPECT_EQ(cache.retire_one(), kNoSlot);
  cache.release(failing);
  EXPECT_EQ(cache.retire_one(), failing);
  cache.release(0);
  EXPECT_EQ(cache.retire_one(), 0);
  cache.release(1);
  EXPECT_EQ(cache.retire_one(), kNoSlot);
  EXPECT_EQ(cache.find({0, 1}).state, SlotState::ready);
  EXPECT_EQ(use(cache, {0, 5}), 1);
  EXPECT_EQ(cache.counters().evictions, 4u);
}

TEST_P(ExpertCacheTest, AFailedLoadThatSomebodyHoldsIsRetiredWhenItIsLetGo) {
  ExpertCache cache = make(1, 4, 2);
  const int32_t slot = cache.begin_load({0, 0});
  cache.acquire({0, 0});
  cache.finish_load(slot, false);
  cache.release(use(cache, {0, 1}));
  cache.set_limit(1);
  EXPECT_NE(cache.retire_one(), slot);
  EXPECT_EQ(cache.retire_one(), kNoSlot);
  EXPECT_EQ(cache.begin_load({0, 2}), kNoSlot);  // the held slot is the one that may be used
  cache.release(slot);
  EXPECT_EQ(cache.begin_load({0, 2}), slot);
}

// Under any limits that come and go: never more in use than the limit once retired, demand served while a slot within
// it is unpinned, and what was retired stays out until the limit is raised.
TEST_P(ExpertCacheTest, LimitsThatComeAndGo) {
  constexpr int32_t kSlots = 12;
  ExpertCache cache = make(4, 16, kSlots);
  std::mt19937 random(6);
  std::vector<int32_t> held;
  std::vector<char> retired(kSlots);
  for (int i = 0; i < 30'000; ++i) {
    if (random() % 50 == 0) {
      cache.set_limit(1 + static_cast<int32_t>(random() % kSlots));
      if (cache.retired_slots() == 0) retired.assign(kSlots, 0);
    }
    if (held.size() > random() % 8) {
      cache.release(held.back());
      held.pop_back();
    }
    for (int32_t slot = cache.retire_one(); slot != kNoSlot; slot = cache.retire_one()) {
      ASSERT_EQ(cache.pins(slot), 0);
      ASSERT_EQ(cache.state(slot), SlotState::empty);
      retired[static_cast<size_t>(slot)] = 1;
    }
    ASSERT_EQ(cache.over_limit(), cache.pinned_slots() > cache.limit()) << i;
    ASSERT_LE(cache.occupied_slots(), std::max(cache.limit(), cache.pinned_slots()));
    const ExpertKey key{static_cast<int32_t>(random() % 4), static_cast<int32_t>(random() % 16)};
    const bool room = cache.find(key).found() || cache.pinned_slots() < cache.limit();
    const bool raised = cache.retired_slots() < std::count(retired.begin(), retired.end(), 1);
    const int32_t slot = use(cache, key);
    ASSERT_EQ(slot != kNoSlot, room) << i;
    if (slot == kNoSlot) continue;
    ASSERT_TRUE(raised || retired[static_cast<size_t>(slot)] == 0);
    held.push_back(slot);
  }
  EXPECT_GT(cache.counters().evictions, 1000u);
}

// What is retired is what the policy would have given up: the experts in constant use stay.
TEST_P(ExpertCacheTest, TheExpertsInConstantUseOutliveALowerLimit) {
  ExpertCache cache = make(2, 32, 32);
  for (int32_t round = 0; round < 6; ++round) {
    for (const int32_t layer : {0, 1}) {
      if (round == 0) {
        for (int32_t e = 4; e < 16; ++e) cache.release(use(cache, {layer, e}));
      }
      for (int32_t e = 0; e < 4; ++e) cache.release(use(cache, {layer, e}));
    }
  }
  cache.set_limit(10);
  while (cache.retire_one() != kNoSlot) {
  }
  EXPECT_EQ(cache.retired_slots(), 22);
  for (const int32_t layer : {0, 1}) {
    for (int32_t e = 0; e < 4; ++e) EXPECT_TRUE(cache.find({layer, e}).found()) << layer << " " << e;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ExpertCacheTest, ::testing::ValuesIn(policies().begin(), policies().end()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(Policies, AreFoundByTheirUniqueNames) {
  for (const PolicyRow& row : policies()) EXPECT_EQ(policy_by_name(row.name), &row);
  EXPECT_EQ(policy_by_name("clairvoyant"), nullptr);
}

TEST(ExpertCacheDeathTest, MisuseIsOurOwnMistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  ExpertCache cache({.layers = 2, .experts_per_layer = 2, .slots = 2});
  EXPECT_DEATH(cache.find({2, 0}), "layer");
  EXPECT_DEATH(cache.release(0), "pins");
  const int32_t slot = cache.begin_load({0, 0});
  EXPECT_DEATH(cache.begin_load({0, 0}), "kNoSlot");
  EXPECT_DEATH(cache.release(slot), "loading");
  cache.finish_load(slot, true);
  EXPECT_DEATH(cache.finish_load(slot, true), "loading");
  EXPECT_DEATH(cache.set_limit(0), "slots");
  EXPECT_DEATH(cache.set_limit(3), "slots");
}

}  // namespace
}  // namespace sluice::cache
