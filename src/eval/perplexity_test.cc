#include "eval/perplexity.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::eval {
namespace {

TEST(Perplexity, LikelihoodOfEqualLogits) {
  const std::vector<float> logits(16, 3.5f);
  EXPECT_NEAR(negative_log_likelihood(logits, 7), std::log(16.0), 1e-12);
}

TEST(Perplexity, LikelihoodSurvivesLargeLogits) {
  const std::vector<float> logits = {1000.0f, 999.0f, -1000.0f};
  EXPECT_NEAR(negative_log_likelihood(logits, 0), std::log(1 + std::exp(-1.0)), 1e-12);
  EXPECT_NEAR(negative_log_likelihood(logits, 2), 2000 + std::log(1 + std::exp(-1.0)), 1e-9);
}

TEST(Perplexity, NoLogitCountsOnlyAsItsOwnChance) {
  const std::vector<float> logits = {0.0f, -INFINITY, 0.0f};
  EXPECT_NEAR(negative_log_likelihood(logits, 0), std::log(2.0), 1e-12);
  EXPECT_TRUE(std::isinf(negative_log_likelihood(logits, 1)));
}

}  // namespace
}  // namespace sluice::eval
