#include "kernels/kv_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/random_matrix.h"

namespace sluice::kernels {
namespace {

std::vector<float> through(KvFormat format, const std::vector<float>& x) {
  const auto n = static_cast<int64_t>(x.size());
  std::vector<std::byte> row(static_cast<size_t>(kv_row_bytes(format, n)));
  kv_encode(format, x.data(), n, row.data());
  std::vector<float> y(x.size());
  kv_decode(format, row.data(), n, y.data());
  return y;
}

TEST(KvRows, SizesOfAHead) {
  EXPECT_EQ(kv_row_bytes(KvFormat::f32, 256), 1024);
  EXPECT_EQ(kv_row_bytes(KvFormat::f16, 256), 512);
  EXPECT_EQ(kv_row_bytes(KvFormat::q8, 256), 256 + 8 * 4);
  EXPECT_EQ(kv_row_bytes(KvFormat::q8, 33), 36 + 2 * 4);
}

TEST(KvRows, F32IsExact) {
  const auto x = random_floats(77, 1, -1e30f, 1e30f);
  EXPECT_EQ(through(KvFormat::f32, x), x);
}

TEST(KvRows, ErrorsAreThoseOfTheFormat) {
  for (const int64_t n : {1, 7, 31, 32, 33, 64, 80, 256}) {
    const auto x = random_floats(n, static_cast<uint32_t>(n), -5, 5);
    const auto half = through(KvFormat::f16, x), q8 = through(KvFormat::q8, x);
    for (size_t i = 0; i < x.size(); ++i) {
      float most = 0;
      const size_t first = i / kKvBlock * kKvBlock;
      for (size_t j = first; j < std::min<size_t>(first + kKvBlock, x.size()); ++j) most = std::max(most, std::fabs(x[j]));
      ASSERT_NEAR(half[i], x[i], std::fabs(x[i]) / 2048 + 1e-7f);
      ASSERT_NEAR(q8[i], x[i], most / 254 * 1.0001f) << n << " " << i;
    }
  }
}

TEST(KvRows, Q8IsAsDefined) {
  // Scale 1: integers are the values, halves go to the even neighbour; the second block has its own scale.
  std::vector<float> x(40, 0.0f);
  x[0] = 127;
  x[1] = -127;
  x[2] = 2.5f;
  x[3] = 3.5f;
  x[4] = -0.5f;
  x[32] = -254;
  x[33] = 3;
  const auto y = through(KvFormat::q8, x);
  EXPECT_EQ(y[0], 127);
  EXPECT_EQ(y[1], -127);
  EXPECT_EQ(y[2], 2);
  EXPECT_EQ(y[3], 4);
  EXPECT_EQ(y[4], 0);
  EXPECT_EQ(y[32], -254);
  EXPECT_EQ(y[33], 4);  // 1.5 is halfway between 1 and 2
  EXPECT_EQ(through(KvFormat::q8, std::vector<float>(33, 0.0f)), std::vector<float>(33, 0.0f));
}

TEST(KvRows, WhatIsNotFiniteDoesNotPassForAValue) {
  std::vector<float> x(64, 1.0f);
  x[3] = INFINITY;
  const auto q8 = through(KvFormat::q8, x);
  for (size_t i = 0; i < 32; ++i) EXPECT_TRUE(std::isnan(q8[i]));
  EXPECT_EQ(q8[32], 1);
  EXPECT_EQ(through(KvFormat::f16, {1e6f, -1e6f, 1.0f}), (std::vector<float>{65504, -65504, 1}));
  EXPECT_TRUE(std::isnan(through(KvFormat::f16, {NAN})[0]));
}

TEST(KvRows, NamesAreThoseOfTheFormats) {
  for (const std::string_view name : kKvFormatNames) {
    const auto format = kv_format(name);
    ASSERT_TRUE(format.ok());
    EXPECT_EQ(kKvFormatNames[static_cast<size_t>(*format)], name);
  }
  for (const std::string_view name : {"", "F16", "q4"}) {
    const auto format = kv_format(name);
    ASSERT_FALSE(format.ok());
    EXPECT_EQ(format.error().code, Code::invalid);
    EXPECT_NE(format.error().message.find("f32, f16 or q8"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::kernels
