#include "runtime/use_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temp_folder.h"

namespace sluice::runtime {
namespace {

TEST(UseCounts, ComesBackMostUsedFirstAndFades) {
  sluice::testing::TempFolder folder;
  const std::string path = folder / "uses";
  UseCounts first(2, 4);
  first.add(0, 1, 10);
  first.add(1, 3, 30);
  EXPECT_THAT(first.counts(), ::testing::ElementsAre(0, 10, 0, 0, 0, 0, 0, 30));
  EXPECT_TRUE(first.favourites().empty());  // this run's are for the next one
  ASSERT_TRUE(first.write(path).ok());
  UseCounts second(2, 4);
  ASSERT_TRUE(second.read(path).ok());
  EXPECT_THAT(second.favourites(), ::testing::ElementsAre(7, 1));
  second.add(0, 1, 11);  // 10 / 2 + 11 beats 30 / 2
  ASSERT_TRUE(second.write(path).ok());
  UseCounts third(2, 4);
  ASSERT_TRUE(third.read(path).ok());
  EXPECT_THAT(third.favourites(), ::testing::ElementsAre(1, 7));
}

TEST(UseCounts, WhatIsNotItsFileIsRefused) {
  sluice::testing::TempFolder folder;
  const std::string path = folder / "uses";
  UseCounts counts(2, 4);
  EXPECT_EQ(counts.read(path).error().code, Code::not_found);
  ASSERT_TRUE(UseCounts(4, 2).write(path).ok());  // as long, of another shape
  EXPECT_EQ(counts.read(path).error().code, Code::corrupt);
  ASSERT_TRUE(counts.write(path).ok());
  std::ofstream(path, std::ios::app) << 'x';
  EXPECT_EQ(counts.read(path).error().code, Code::corrupt);
  const float bad[] = {NAN, -1, INFINITY, 2};
  ASSERT_TRUE(UseCounts(1, 4).write(path).ok());
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(16).write(reinterpret_cast<const char*>(bad), sizeof bad);
  UseCounts one(1, 4);
  ASSERT_TRUE(one.read(path).ok());
  EXPECT_THAT(one.favourites(), ::testing::ElementsAre(3));
}

}  // namespace
}  // namespace sluice::runtime
