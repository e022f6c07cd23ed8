#include "runtime/routes.h"

#include <gtest/gtest.h>

#include <set>

#include "io/file.h"
#include "support/temp_folder.h"

namespace sluice::runtime {
namespace {

constexpr cache::RouteShape kShape{3, 16, 4};

TEST(PlayedRoutes, AreDistinctExpertsInRangeAndTheSameEveryTime) {
  auto a = PlayedRoutes::make("mixed", kShape), b = PlayedRoutes::make("mixed", kShape);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_NE((*a)->title().find("mixed, forecast 60 % right (assumed)"), std::string::npos);
  for (const int64_t tokens : {5, 1, 1}) {
    (*a)->begin_chunk(tokens);
    (*b)->begin_chunk(tokens);
    for (int64_t t = 0; t < tokens; ++t) {
      for (int32_t layer = 0; layer < kShape.layers; ++layer) {
        std::vector<int32_t> x(4), y(4);
        (*a)->replace(layer, t, x);
        (*b)->replace(layer, t, y);
        EXPECT_EQ(x, y);
        EXPECT_EQ(std::set<int32_t>(x.begin(), x.end()).size(), 4u);
        for (const int32_t e : x) EXPECT_TRUE(e >= 0 && e < kShape.experts);
      }
    }
  }
}

TEST(PlayedRoutes, ForecastsAreRightAsOftenAsTheySay) {
  auto routes = PlayedRoutes::make("conversation", kShape);
  ASSERT_TRUE(routes.ok());
  int right = 0, all = 0;
  for (int i = 0; i < 2000; ++i) {
    (*routes)->begin_chunk(1);
    std::vector<int32_t> guess(4), chosen(4);
    (*routes)->forecast(1, 0, guess);
    (*routes)->replace(1, 0, chosen);
    for (size_t k = 0; k < 4; ++k, ++all) right += guess[k] == chosen[k] ? 1 : 0;
  }
  const double chance = (1 - kAssumedForecast) / kShape.experts;
  EXPECT_NEAR(static_cast<double>(right) / all, kAssumedForecast + chance, 0.02);
}

TEST(PlayedRoutes, WhatWasRecordedComesBack) {
  sluice::testing::TempFolder folder;
  const std::string path = folder / "routes";
  RouteRecorder recorder(path, kShape);
  std::vector<std::vector<int32_t>> tokens;
  for (int t = 0; t < 3; ++t) {
    for (int32_t layer = 0; layer < kShape.layers; ++layer) {
      tokens.push_back({t, t + 1, t + 2, 10 + layer});
      recorder.routed(layer, tokens.back());
    }
    recorder.end_chunk(1);
  }
  ASSERT_TRUE(recorder.write().ok());
  auto routes = PlayedRoutes::make(path, kShape);
  ASSERT_TRUE(routes.ok()) << routes.error().message;
  for (size_t i = 0; i < 2 * tokens.size(); ++i) {  // and over again
    const auto layer = static_cast<int32_t>(i % 3);
    if (layer == 0) (*routes)->begin_chunk(1);
    std::vector<int32_t> chosen(4);
    (*routes)->replace(layer, 0, chosen);
    EXPECT_EQ(chosen, tokens[i % tokens.size()]);
  }
  EXPECT_NE(PlayedRoutes::make(path, {4, 16, 4}).error().message.find("the model has 4 layers"), std::string::npos);
}

TEST(PlayedRoutes, UnknownNamesAndBrokenFilesAreRefused) {
  sluice::testing::TempFolder folder;
  EXPECT_NE(PlayedRoutes::make("nobody", kShape).error().message.find("conversation, mixed"), std::string::npos);
  EXPECT_FALSE(PlayedRoutes::make(folder.file("junk", "SLROUTESjunk"), kShape).ok());
}

}  // namespace
}  // namespace sluice::runtime
