// A test that runs once for every instruction set; loudly skipped where this processor lacks it.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/random_weights.h"
#include "kernels/kernel_table.h"

namespace sluice::conformance {

class EachSet : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    const auto table = kernels::select(GetParam());
    if (!table.ok()) GTEST_SKIP() << "NOT TESTED: " << table.error().message;
    table_ = table.value();
  }
  const kernels::KernelTable* table_ = nullptr;
  Random random_{99};
};

inline std::vector<std::string_view> all_sets() {
  std::vector<std::string_view> names;
  for (const auto& set : kernels::instruction_sets()) names.push_back(set.name);
  return names;
}

inline std::string set_name(const testing::TestParamInfo<std::string_view>& set) { return std::string(set.param); }

inline GuardedFloats copy(const GuardedFloats& a) {
  GuardedFloats b(a.size());
  std::memcpy(b.data(), a.data(), a.size() * sizeof(float));
  return b;
}

}  // namespace sluice::conformance
