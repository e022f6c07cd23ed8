#include "runtime/prefix_store.h"

#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

constexpr uint64_t kPage = 4096;

Arena pages(uint64_t count) { return std::move(Arena::map(count * kPage)).value(); }

std::shared_ptr<const Snapshot> snapshot(std::vector<int32_t> tokens, std::vector<KvBlock> blocks = {}, bool logits = false) {
  auto out = std::make_shared<Snapshot>();
  out->tokens = std::move(tokens);
  out->blocks = std::move(blocks);
  out->states = pages(1);
  if (logits) out->logits = pages(1);
  return out;
}

size_t longest(PrefixStore& store, std::vector<int32_t> prompt) {
  const auto found = store.longest(prompt);
  return found == nullptr ? 0 : found->tokens.size();
}

TEST(PrefixStore, FindsTheLongestThatThePromptBeginsWith) {
  PrefixStore store(100 * kPage);
  for (const auto& tokens : {std::vector<int32_t>{1, 2}, {1, 2, 3, 4}, {1, 2, 9}, {7}}) store.put(snapshot(tokens));
  EXPECT_EQ(longest(store, {1, 2, 3, 4, 5}), 4u);
  EXPECT_EQ(longest(store, {1, 2, 3, 5}), 2u);
  EXPECT_EQ(longest(store, {1, 2, 9, 9}), 3u);
  EXPECT_EQ(longest(store, {2, 1}), 0u);
  EXPECT_EQ(longest(store, {}), 0u);
}

TEST(PrefixStore, ThePromptItselfOnlyWhereItsLogitsAreKnown) {
  PrefixStore store(100 * kPage);
  store.put(snapshot({1, 2}));
  EXPECT_EQ(longest(store, {1, 2}), 0u);
  store.put(snapshot({1, 2}, {}, true));  // in place of the other
  EXPECT_EQ(store.size(), 1u);
  EXPECT_EQ(store.bytes(), 2 * kPage);
  EXPECT_EQ(longest(store, {1, 2}), 2u);
}

TEST(PrefixStore, TheLeastRecentlyUsedGoFirstAndTheBoundHolds) {
  PrefixStore store(3 * kPage);
  for (const int32_t token : {1, 2, 3}) {
    ASSERT_TRUE(store.make_room(kPage));
    store.put(snapshot({token}));
  }
  EXPECT_EQ(longest(store, {1, 0}), 1u);  // used: 2 is the oldest now
  ASSERT_TRUE(store.make_room(kPage));
  EXPECT_EQ(store.bytes(), 2 * kPage);
  store.put(snapshot({4}));
  EXPECT_EQ(longest(store, {2, 0}), 0u);
  for (const int32_t token : {1, 3, 4}) EXPECT_EQ(longest(store, {token, 0}), 1u);
  EXPECT_FALSE(store.make_room(4 * kPage));
  EXPECT_EQ(store.size(), 3u);  // what can never fit makes nobody go
}

TEST(PrefixStore, WhatSomebodyHoldsStays) {
  PrefixStore store(2 * kPage);
  const auto held = snapshot({1});
  store.put(held);
  store.put(snapshot({2}));
  EXPECT_TRUE(store.make_room(kPage));
  EXPECT_EQ(longest(store, {1, 0}), 1u);
  EXPECT_EQ(longest(store, {2, 0}), 0u);
  EXPECT_FALSE(store.make_room(2 * kPage));
}

TEST(PrefixStore, SharedBlocksCountOnceAndLiveAsLongAsOneHasThem) {
  PrefixStore store(10 * kPage);
  {
    const auto block = std::make_shared<const Arena>(pages(4));
    store.put(snapshot({1}, {block}));
    store.put(snapshot({1, 2}, {block}));
  }
  EXPECT_EQ(store.bytes(), 6 * kPage);
  ASSERT_TRUE(store.make_room(5 * kPage));
  EXPECT_EQ(store.bytes(), 5 * kPage);
  ASSERT_TRUE(store.make_room(6 * kPage));
  EXPECT_EQ(store.bytes(), 0u);
}

}  // namespace
}  // namespace sluice::runtime
