// The small floating point formats, every code of each, against the formula of their definition in double.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "quant/format.h"

namespace sluice::quant {
namespace {

uint32_t bits_of(float f) {
  return std::bit_cast<uint32_t>(f);
}

// (-1)^s * 1.m * 2^(e - bias), or 0.m * 2^(1 - bias): what the definition says of a finite code.
double by_definition(uint32_t code, int exponent_bits, int mantissa_bits) {
  const uint32_t mantissa = code & ((1u << mantissa_bits) - 1);
  const int exponent = static_cast<int>((code >> mantissa_bits) & ((1u << exponent_bits) - 1));
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const double fraction = std::ldexp(mantissa, -mantissa_bits);
  const double magnitude = exponent == 0 ? std::ldexp(fraction, 1 - bias) : std::ldexp(1 + fraction, exponent - bias);
  return (code >> (exponent_bits + mantissa_bits)) & 1 ? -magnitude : magnitude;
}

void expect_same(float got, double want, uint32_t code) {
  ASSERT_EQ(bits_of(got), bits_of(static_cast<float>(want))) << "code " << code;
}

TEST(FloatBits, F16EveryCode) {
  for (uint32_t code = 0; code < 0x10000; ++code) {
    const float got = f16_to_f32(static_cast<uint16_t>(code));
    if ((code & 0x7c00) != 0x7c00) {
      expect_same(got, by_definition(code, 5, 10), code);
    } else if ((code & 0x3ff) == 0) {
      expect_same(got, code & 0x8000 ? -INFINITY : INFINITY, code);
    } else {
      ASSERT_TRUE(std::isnan(got)) << code;
    }
    ASSERT_EQ(f32_to_f16(got), code);
  }
}

TEST(FloatBits, Bf16EveryCode) {
  for (uint32_t code = 0; code < 0x10000; ++code) {
    const float got = bf16_to_f32(static_cast<uint16_t>(code));
    if ((code & 0x7f80) != 0x7f80) {
      expect_same(got, by_definition(code, 8, 7), code);
    } else if ((code & 0x7f) == 0) {
      expect_same(got, code & 0x8000 ? -INFINITY : INFINITY, code);
    } else {
      ASSERT_TRUE(std::isnan(got)) << code;
    }
    ASSERT_EQ(f32_to_bf16(got), code);
  }
}

TEST(FloatBits, Fp8EveryCode) {
  for (uint32_t code = 0; code < 0x100; ++code) {
    const float got = fp8_e4m3_to_f32(static_cast<uint8_t>(code));
    if ((code & 0x7f) == 0x7f) {
      ASSERT_TRUE(std::isnan(got)) << code;
    } else {
      expect_same(got, by_definition(code, 4, 3), code);
    }
  }
  EXPECT_EQ(fp8_e4m3_to_f32(0x7e), 448.0f);  // the largest: OCP E4M3 has no infinities
}

// Between any two neighbouring codes: the midpoint goes to the even one, a hair beside it to the nearer one.
void expect_rounds_to_nearest_even(uint16_t (*narrow)(float), float (*widen)(uint16_t), uint32_t infinity) {
  for (uint32_t low = 0; low + 1 < infinity; ++low) {
    const uint32_t high = low + 1;
    const double middle = (double{widen(static_cast<uint16_t>(low))} + double{widen(static_cast<uint16_t>(high))}) / 2;
    const auto tie = static_cast<float>(middle);
    if (double{tie} != middle) continue;  // bf16 subnormals never get here either: float32 holds every such midpoint
    ASSERT_EQ(narrow(tie), low & 1 ? high : low) << low;
    ASSERT_EQ(narrow(std::nextafter(tie, 0.0f)), low) << low;
    ASSERT_EQ(narrow(std::nextafter(tie, INFINITY)), high) << low;
    ASSERT_EQ(narrow(-tie), 0x8000u | (low & 1 ? high : low)) << low;
  }
}

TEST(FloatBits, F16RoundsToNearestEven) {
  expect_rounds_to_nearest_even(f32_to_f16, f16_to_f32, 0x7c00);
  EXPECT_EQ(f32_to_f16(65504.0f), 0x7bff);
  EXPECT_EQ(f32_to_f16(std::nextafter(65520.0f, 0.0f)), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);  // the tie above the largest goes to infinity
  EXPECT_EQ(f32_to_f16(1e30f), 0x7c00);
  EXPECT_EQ(f32_to_f16(-0x1p-25f), 0x8000);  // the tie below the smallest goes to zero
  EXPECT_EQ(f32_to_f16(0x1.000002p-25f), 0x0001);
  EXPECT_EQ(f32_to_f16(0x1p-149f), 0x0000);
}

TEST(FloatBits, Bf16RoundsToNearestEven) {
  expect_rounds_to_nearest_even(f32_to_bf16, bf16_to_f32, 0x7f80);
  EXPECT_EQ(f32_to_bf16(std::numeric_limits<float>::max()), 0x7f80);
}

TEST(FloatBits, NarrowingKeepsNaN) {
  for (const uint32_t bits : {0x7f800001u, 0x7fc00000u, 0x7fffffffu, 0xff800001u, 0xffffffffu}) {
    const auto nan = std::bit_cast<float>(bits);
    EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(nan)))) << bits;
    EXPECT_TRUE(std::isnan(bf16_to_f32(f32_to_bf16(nan)))) << bits;
  }
}

}  // namespace
}  // namespace sluice::quant
