#include "runtime/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

namespace sluice::runtime {
namespace {

int32_t one(const SamplingOptions& o, std::vector<float> logits, std::vector<bool> allowed = {}) {
  auto s = Sampler::make(o, static_cast<int32_t>(logits.size()), std::move(allowed));
  EXPECT_TRUE(s.ok());
  return s->next(logits).value();
}

std::map<int32_t, int> draws(const SamplingOptions& o, const std::vector<float>& logits, int n) {
  std::map<int32_t, int> counts;
  auto s = Sampler::make(o, static_cast<int32_t>(logits.size()), {});
  EXPECT_TRUE(s.ok());
  for (int i = 0; i < n; ++i) {
    std::vector<float> scratch = logits;
    ++counts[s->next(scratch).value()];
  }
  return counts;
}

TEST(Sampler, GreedyTakesTheFirstLargestAllowedFinite) {
  EXPECT_EQ(one({}, {1, 3, 3, 2}), 1);
  EXPECT_EQ(one({}, {1, 3, 4, 2}, {true, true, false, true}), 1);
  EXPECT_EQ(one({}, {std::nanf(""), -5, std::numeric_limits<float>::infinity(), -6}), 1);
}

TEST(Sampler, NothingFiniteIsAnError) {
  auto s = Sampler::make({}, 2, {});
  ASSERT_TRUE(s.ok());
  std::vector<float> logits(2, std::nanf(""));
  const auto next = s->next(logits);
  ASSERT_FALSE(next.ok());
  EXPECT_EQ(next.error().code, Code::corrupt);
}

TEST(Sampler, DrawsFollowTheSoftmax) {
  const auto counts = draws({.temperature = 1.0f, .seed = 7}, {std::log(0.5f), std::log(0.3f), std::log(0.2f)}, 20000);
  EXPECT_NEAR(counts.at(0) / 20000.0, 0.5, 0.02);
  EXPECT_NEAR(counts.at(1) / 20000.0, 0.3, 0.02);
  EXPECT_NEAR(counts.at(2) / 20000.0, 0.2, 0.02);
}

TEST(Sampler, TemperatureSharpens) {
  const auto counts = draws({.temperature = 0.5f, .seed = 7}, {std::log(0.6f), std::log(0.4f)}, 20000);
  EXPECT_NEAR(counts.at(0) / 20000.0, 0.36 / 0.52, 0.02);
}

TEST(Sampler, FiltersCutTheTail) {
  const std::vector<float> logits = {std::log(0.4f), std::log(0.1f), std::log(0.3f), std::log(0.2f)};
  EXPECT_EQ(draws({.temperature = 1.0f, .top_k = 2}, logits, 2000).size(), 2u);
  EXPECT_EQ(draws({.temperature = 1.0f, .top_p = 0.69f}, logits, 2000).size(), 2u);
  EXPECT_EQ(draws({.temperature = 1.0f, .top_p = 0.71f}, logits, 2000).size(), 3u);
  EXPECT_EQ(draws({.temperature = 1.0f, .min_p = 0.6f}, logits, 2000).size(), 2u);
  EXPECT_EQ(draws({.temperature = 1.0f, .top_p = 0.01f}, logits, 100).size(), 1u);  // the likeliest always stays
}

TEST(Sampler, SameSeedSameTokensOnEveryMachine) {
  // mt19937_64 is specified by the standard (its first draw from 42 is 13930160852258120406, 6.04 eighths of 2^64) and
  // the choice uses nothing else: these values must never change.
  auto s = Sampler::make({.temperature = 1.0f, .seed = 42}, 8, {});
  ASSERT_TRUE(s.ok());
  std::vector<int32_t> got;
  for (int i = 0; i < 8; ++i) {
    std::vector<float> logits(8, 0.0f);
    got.push_back(s->next(logits).value());
  }
  EXPECT_EQ(got, (std::vector<int32_t>{6, 5, 6, 1, 7, 0, 4, 2}));
}

TEST(Sampler, PenaltiesCountWhatTheyShould) {
  auto presence = Sampler::make({.presence_penalty = 2.0f}, 3, {});
  ASSERT_TRUE(presence.ok());
  presence->saw_prompt(0);  // the prompt does not count for presence
  std::vector<float> logits = {5, 4, 0};
  EXPECT_EQ(presence->next(logits).value(), 0);
  logits = {5, 4, 0};
  EXPECT_EQ(presence->next(logits).value(), 1);  // 0 was generated: 5 - 2 < 4
  logits = {5, 4, 0};
  EXPECT_EQ(presence->next(logits).value(), 0);  // once only, not once a use

  auto repetition = Sampler::make({.repetition_penalty = 2.0f}, 3, {});
  ASSERT_TRUE(repetition.ok());
  repetition->saw_prompt(0);  // it does for repetition
  logits = {5, 4, -1};
  EXPECT_EQ(repetition->next(logits).value(), 1);
  logits = {-1, -1.5f, -3};  // negative logits are multiplied: -2, -3, -3
  EXPECT_EQ(repetition->next(logits).value(), 0);
}

TEST(Sampler, ChoosesUnderTheMask) {
  const uint64_t some[] = {0b1010, 0};
  const uint64_t nothing[] = {0, 0};
  for (const float temperature : {0.0f, 1.0f}) {
    auto s = Sampler::make({.temperature = temperature}, 5, {true, true, true, false, true});
    ASSERT_TRUE(s.ok());
    for (int i = 0; i < 50; ++i) {
      std::vector<float> logits = {5, 1, 4, 9, 7};
      EXPECT_EQ(s->next(logits, some).value(), 1);  // 3 stands for no token
    }
    std::vector<float> logits = {5, 1, 4, 9, 7};
    const auto none = s->next(logits, nothing);
    ASSERT_FALSE(none.ok());
    EXPECT_EQ(none.error().code, Code::unsupported);
    EXPECT_NE(s->next(logits).value(), 3);  // the mask was for that token only
  }
}

TEST(Sampler, RefusesOptionsOutOfRangeByName) {
  auto error = [](const SamplingOptions& o) {
    auto s = Sampler::make(o, 4, {});
    return s.ok() ? std::string("accepted") : s.error().message;
  };
  EXPECT_EQ(error({.temperature = -1}).substr(0, 11), "temperature");
  EXPECT_EQ(error({.temperature = std::nanf("")}).substr(0, 11), "temperature");
  EXPECT_EQ(error({.top_k = -1}).substr(0, 5), "top_k");
  EXPECT_EQ(error({.top_p = 0}).substr(0, 5), "top_p");
  EXPECT_EQ(error({.min_p = 2}).substr(0, 5), "min_p");
  EXPECT_EQ(error({.presence_penalty = 3}).substr(0, 16), "presence_penalty");
  EXPECT_EQ(error({.repetition_penalty = 0}).substr(0, 18), "repetition_penalty");
}

}  // namespace
}  // namespace sluice::runtime
