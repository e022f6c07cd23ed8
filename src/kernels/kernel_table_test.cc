#include "kernels/kernel_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice::kernels {
namespace {

TEST(KernelTable, RefComesFirstAndNamesAreUnique) {
  ASSERT_FALSE(instruction_sets().empty());
  EXPECT_EQ(instruction_sets().front().name, "ref");
  std::set<std::string_view> names;
  for (const InstructionSet& set : instruction_sets()) EXPECT_TRUE(names.insert(set.name).second) << set.name;
}

TEST(KernelTable, EverySetEitherFillsEverySlotOrSaysWhatIsMissing) {
  for (const InstructionSet& set : instruction_sets()) {
    const auto table = select(set.name);
    if (!set.supported()) {
      ASSERT_FALSE(table.ok());
      EXPECT_EQ(table.error().code, Code::unsupported);
      EXPECT_THAT(table.error().message, testing::HasSubstr(std::string(set.needs)));
      continue;
    }
    ASSERT_TRUE(table.ok()) << table.error().message;
    const KernelTable& t = **table;
    EXPECT_EQ(t.name, set.name);
    for (const MatMulFn f : t.matmul) EXPECT_NE(f, nullptr);
    EXPECT_NE(t.rms_norm, nullptr);
    EXPECT_NE(t.swiglu, nullptr);
    EXPECT_NE(t.axpy, nullptr);
    EXPECT_NE(t.attention, nullptr);
    EXPECT_NE(t.attention_merge, nullptr);
    EXPECT_NE(t.attention_finish, nullptr);
    EXPECT_NE(t.delta_rule, nullptr);
    EXPECT_NE(t.short_conv, nullptr);
  }
}

TEST(KernelTable, EmptyNameIsTheBestSupported) {
  std::string_view best;
  for (const InstructionSet& set : instruction_sets())
    if (set.supported()) best = set.name;
  const auto table = select("");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ((*table)->name, best);
  EXPECT_EQ(*table, *select(best));  // the same table each time
}

TEST(KernelTable, UnknownNameListsTheKnown) {
  for (const std::string_view name : {"avx9000", "REF", "ref ", "auto"}) {
    const auto table = select(name);
    ASSERT_FALSE(table.ok()) << name;
    EXPECT_EQ(table.error().code, Code::invalid);
    EXPECT_THAT(table.error().message, testing::HasSubstr(std::string(name)));
    for (const InstructionSet& set : instruction_sets()) {
      EXPECT_THAT(table.error().message, testing::HasSubstr(std::string(set.name)));
    }
  }
}

}  // namespace
}  // namespace sluice::kernels
