#include "runtime/memory_plan.h"

#include <gtest/gtest.h>

#include "store/model_files.h"

namespace sluice::runtime {
namespace {

class MemoryPlanTest : public testing::Test {
 protected:
  void SetUp() override {
    auto files = store::open_model(SLUICE_SOURCE_DIR "/models/demo.gguf");
    ASSERT_TRUE(files.ok()) << files.error().message;
    files_ = std::move(files).value();
    auto plan = model::compile(files_, {});
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    plan_ = std::move(plan).value();
  }
  MemoryRequest request(uint64_t budget) const { return {.budget = budget, .budget_given = true, .context = 1024, .chunk = 0, .threads = 2, .vocabulary = 4096}; }

  store::ModelFiles files_;
  model::Plan plan_;
};

TEST_F(MemoryPlanTest, NeverExceedsTheBudgetAndUsesItUp) {
  const auto least = plan_memory(plan_, request(UINT64_MAX));
  ASSERT_TRUE(least.ok());
  for (uint64_t budget = least->floor; budget < least->total() + (1 << 20); budget += 999'983) {
    const auto m = plan_memory(plan_, request(budget));
    ASSERT_TRUE(m.ok()) << m.error().message;
    EXPECT_LE(m->total(), budget);
    EXPECT_GE(m->slot_count, plan_.top_k * plan_.layers);
    EXPECT_GE(m->chunk, 1);
    const bool full = m->slot_count == plan_.experts * plan_.layers;
    EXPECT_TRUE(full || budget - m->total() < m->slot_bytes);
  }
}

TEST_F(MemoryPlanTest, BelowTheFloorIsRefused) {
  const auto all = plan_memory(plan_, request(UINT64_MAX));
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->slot_count, 256);
  EXPECT_TRUE(plan_memory(plan_, request(all->floor)).ok());
  const auto below = plan_memory(plan_, request(all->floor - 1));
  ASSERT_FALSE(below.ok());
  EXPECT_EQ(below.error().code, Code::over_budget);
}

TEST_F(MemoryPlanTest, AChunkThatDoesNotFitIsRefusedNotShrunk) {
  const auto all = plan_memory(plan_, request(UINT64_MAX));
  ASSERT_TRUE(all.ok());
  MemoryRequest r = request(all->floor);
  r.chunk = 4096;
  const auto m = plan_memory(plan_, r);
  ASSERT_FALSE(m.ok());
  EXPECT_NE(m.error().message.find("--chunk 4096"), std::string::npos);
}

TEST_F(MemoryPlanTest, AContextBeyondTheModelIsRefused) {
  MemoryRequest r = request(UINT64_MAX);
  r.context = plan_.context + 1;
  const auto m = plan_memory(plan_, r);
  ASSERT_FALSE(m.ok());
  EXPECT_EQ(m.error().code, Code::invalid);
}

TEST(HumanBytes, PicksTheUnit) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1530), "1.53 kB");
  EXPECT_EQ(human_bytes(57'400'000'000), "57.4 GB");
}

}  // namespace
}  // namespace sluice::runtime
