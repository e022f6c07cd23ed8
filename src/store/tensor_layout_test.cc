#include "store/tensor_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::store {
namespace {

using quant::FormatId;
using quant::ScaleType;

Tensor tensor(FormatId format, ScaleType scales, int32_t group) {
  Tensor out;
  out.name = "t";
  out.format = format;
  out.format_known = true;
  out.format_name = quant::format(format).name;
  out.shape = {4, 64};
  out.scale_type = scales;
  out.group = group;
  return out;
}

TEST(PartBytes, SideArraysOfMlx) {
  const auto parts = part_bytes(tensor(FormatId::mlx4, ScaleType::bf16, 32));
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->data, 128u);
  EXPECT_EQ(parts->scales, 16u);
  EXPECT_EQ(parts->biases, 16u);
}

TEST(PartBytes, GroupsHoldWholeBlocks) {
  for (const quant::Format& format : quant::formats()) {
    if (!format.side_arrays) continue;
    EXPECT_TRUE(part_bytes(tensor(format.id, ScaleType::f16, 32)).ok()) << format.name;
    EXPECT_EQ(part_bytes(tensor(format.id, ScaleType::f16, 33)).ok(), 33 % format.block == 0) << format.name;
    EXPECT_FALSE(part_bytes(tensor(format.id, ScaleType::f16, 0)).ok()) << format.name;
    Tensor blocks = tensor(format.id, ScaleType::f16, 32);
    blocks.group_rows = 2;
    EXPECT_EQ(part_bytes(blocks).ok(), format.id == FormatId::fp8_e4m3) << format.name;
  }
}

TEST(PartBytes, ScalesWhereTheFormatHasThem) {
  for (const quant::Format& format : quant::formats()) {
    const bool may_lack = !format.side_arrays || format.id == FormatId::fp8_e4m3;
    Tensor bare = tensor(format.id, ScaleType::none, 0);
    bare.shape = {4, 256};
    EXPECT_EQ(part_bytes(bare).ok(), may_lack) << format.name;
    bare.scale_type = ScaleType::f16;
    bare.group = 32;
    const auto scaled = part_bytes(bare);
    EXPECT_EQ(scaled.ok(), format.side_arrays) << format.name;
    if (scaled.ok()) continue;
    EXPECT_THAT(scaled.error().message, ::testing::HasSubstr("does not fit format")) << format.name;
  }
}

}  // namespace
}  // namespace sluice::store
