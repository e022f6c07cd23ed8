#include "runtime/prompt_lookup.h"

#include <gtest/gtest.h>

#include <array>

namespace sluice::runtime {
namespace {

std::vector<int32_t> guess_after(std::initializer_list<int32_t> tokens, size_t most) {
  PromptLookup lookup(64);
  for (int32_t t : tokens) lookup.push(t);
  std::vector<int32_t> out(most);
  out.resize(lookup.guess(out));
  return out;
}

TEST(PromptLookup, NothingRepeatsNothingIsGuessed) {
  EXPECT_TRUE(guess_after({}, 3).empty());
  EXPECT_TRUE(guess_after({1, 2}, 3).empty());
  EXPECT_TRUE(guess_after({1, 2, 3, 4, 5, 6}, 3).empty());
  EXPECT_TRUE(guess_after({1, 2, 3, 4, 2, 3}, 3).empty());  // two words are too few
}

TEST(PromptLookup, WhatFollowedTheLastOccurrence) {
  EXPECT_EQ(guess_after({1, 2, 3, 4, 5, 6, 9, 1, 2, 3}, 3), (std::vector<int32_t>{4, 5, 6}));
  EXPECT_EQ(guess_after({1, 2, 3, 4, 1, 2, 3, 7, 8, 1, 2, 3}, 2), (std::vector<int32_t>{7, 8}));
}

TEST(PromptLookup, ARepetitionGoesOnInCircles) {
  EXPECT_EQ(guess_after({7, 7, 7, 7}, 3), (std::vector<int32_t>{7, 7, 7}));
  EXPECT_EQ(guess_after({1, 2, 1, 2, 1}, 3), (std::vector<int32_t>{2, 1, 2}));
}

TEST(PromptLookup, ForgetsWhenCleared) {
  PromptLookup lookup(16);
  for (int32_t t : {1, 2, 3, 4, 1, 2, 3}) lookup.push(t);
  lookup.clear();
  EXPECT_TRUE(lookup.tokens().empty());
  std::array<int32_t, 2> out{};
  for (int32_t t : {1, 2, 3}) lookup.push(t);
  EXPECT_EQ(lookup.guess(out), 0u);
}

// Against a search through all tokens; a table that is nearly full of other words may forget, but never invents.
TEST(PromptLookup, NeverInvents) {
  constexpr int64_t kTokens = 4000;
  PromptLookup lookup(kTokens);
  std::vector<int32_t> all;
  uint32_t random = 1;
  int found = 0, there = 0;
  for (int64_t i = 0; i < kTokens; ++i) {
    random = random * 1664525 + 1013904223;
    lookup.push(static_cast<int32_t>(random >> 28));
    all.push_back(static_cast<int32_t>(random >> 28));
    size_t want = 0;
    for (size_t e = all.size() - 1; e >= 3 && all.size() > 3 && want == 0; --e) {
      if (std::equal(all.end() - 3, all.end(), all.begin() + static_cast<std::ptrdiff_t>(e) - 3)) want = e;
    }
    std::array<int32_t, 1> out{};
    const bool guessed = lookup.guess(out) == 1;
    there += want > 0;
    found += guessed;
    if (guessed) {
      ASSERT_GT(want, 0u);
      EXPECT_EQ(out[0], all[want]);
    }
  }
  EXPECT_GT(there, 1000);
  EXPECT_GT(found, there * 3 / 4);
}

}  // namespace
}  // namespace sluice::runtime
