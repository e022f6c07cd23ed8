#include "runtime/slot_layout.h"

#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

constexpr uint64_t kAlign = 4096;

// `parts` of these sizes for each of `count` experts, part p of expert e at base[p] + e * stride[p].
model::ExpertLayer layer(int32_t count, std::vector<uint64_t> sizes, std::vector<uint64_t> base, std::vector<uint64_t> stride) {
  model::ExpertLayer out;
  out.count = count;
  out.parts = static_cast<int32_t>(sizes.size());
  out.part_bytes = sizes;
  for (int32_t e = 0; e < count; ++e) {
    for (size_t p = 0; p < sizes.size(); ++p) {
      out.extents.push_back({0, base[p] + static_cast<uint64_t>(e) * stride[p], sizes[p]});
    }
  }
  for (const uint64_t size : sizes) out.record_bytes += size;
  return out;
}

TEST(SlotLayout, ADirectReadLandsWhereItsOffsetAgrees) {
  const auto stacked = layer(8, {1000, 1000, 3000}, {32, 100'000, 200'064}, {1000, 1000, 3000});
  for (const uint64_t align : {uint64_t{1}, uint64_t{512}, kAlign}) {
    const uint64_t room = slot_bytes(stacked, align);
    for (int32_t e = 0; e < 8; ++e) {
      const RecordReads reads = record_reads(stacked, e, align);
      ASSERT_EQ(reads.count, 3);
      ASSERT_LE(reads.slot_bytes, room);
      uint64_t end = 0;
      for (int32_t i = 0; i < 3; ++i) {
        const RecordRead& r = reads.reads[static_cast<size_t>(i)];
        EXPECT_EQ(r.at % align, r.extent.offset % align);
        EXPECT_GE(r.at - r.extent.offset % align, end);  // the block it begins in is its own
        end = (r.at + r.extent.bytes + align - 1) / align * align;
        EXPECT_LE(end, room);
      }
    }
  }
}

TEST(SlotLayout, NeighboursAreReadTogether) {
  const auto packed = layer(4, {1000, 1000, 3000}, {0, 1024, 2048}, {8192, 8192, 8192});
  const RecordReads reads = record_reads(packed, 2, kAlign);
  ASSERT_EQ(reads.count, 1);
  EXPECT_EQ(reads.reads[0].parts, 3);
  EXPECT_EQ(reads.reads[0].extent.offset, 2 * 8192u);
  EXPECT_EQ(reads.reads[0].extent.bytes, 5048u);
  EXPECT_EQ(slot_bytes(packed, kAlign), 8192u);
  // Not across a gap, not backwards, not over files.
  EXPECT_EQ(record_reads(layer(1, {1000, 1000}, {0, 1064}, {0, 0}), 0, kAlign).count, 2);
  EXPECT_EQ(record_reads(layer(1, {1000, 1000}, {1000, 0}, {0, 0}), 0, kAlign).count, 2);
  auto split = layer(1, {1000, 1000}, {0, 1000}, {0, 0});
  split.extents[1].file = 1;
  EXPECT_EQ(record_reads(split, 0, kAlign).count, 2);
}

model::Plan plan_of(std::vector<uint64_t> sizes) {
  model::Plan plan;
  plan.experts = 10;
  plan.top_k = 2;
  for (const uint64_t size : sizes) plan.expert_layers.push_back(layer(10, {size}, {0}, {(size + kAlign - 1) / kAlign * kAlign}));
  return plan;
}

TEST(SlotLayout, LayersOfUnlikeSizesDoNotShareSlots) {
  const model::Plan plan = plan_of({1 << 20, 2 << 20, 1 << 20, (2 << 20) - 4096, 2 << 20});
  const SlotPlan all = plan_slots(plan, kAlign, 0, 1.0);
  ASSERT_EQ(all.classes.size(), 2u);
  EXPECT_EQ(all.class_of, (std::vector<int32_t>{1, 0, 1, 0, 0}));
  EXPECT_EQ(all.classes[0].slot_bytes, 2u << 20);
  EXPECT_EQ(all.classes[0].slots, 30);
  EXPECT_EQ(all.classes[1].slots, 20);
  EXPECT_EQ(all.bytes, (30u << 21) + (20u << 20));
  EXPECT_EQ(all.classes[1].first_slot, 30);
  EXPECT_EQ(all.largest(), 2u << 20);
}

TEST(SlotLayout, FillsWhatItIsGivenAndKeepsTheFloor) {
  const model::Plan plan = plan_of({1 << 20, 2 << 20, 1 << 20});
  EXPECT_EQ(plan_slots_in(plan, kAlign, 0).slots, 6);  // top_k a layer
  const uint64_t all = plan_slots(plan, kAlign, 0, 1.0).bytes;
  for (uint64_t bytes = 8 << 20; bytes < all; bytes += 777'777) {
    const SlotPlan some = plan_slots_in(plan, kAlign, bytes);
    EXPECT_LE(some.bytes, bytes);
    EXPECT_LT(bytes - some.bytes, some.largest());
    for (const SlotClass& c : some.classes) EXPECT_GE(c.slots, plan.top_k * c.layers);
  }
  EXPECT_EQ(plan_slots_in(plan, kAlign, 10 * all).bytes, all);
}

}  // namespace
}  // namespace sluice::runtime
