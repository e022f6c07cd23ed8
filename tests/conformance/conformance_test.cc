// matmul of every instruction set and format: near a double-precision dot over decode_row, and the same bits however
// rows and tokens are cut. Weights, activations and results end at an unreadable page.
//
// Bound: |y - exact| <= kBound * 2^-24 * sum |w| |x|. The kernels decode to the same floats as decode_row (MLX: one
// rounding fewer) and add cols / lanes products a lane in float32.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "conformance/random_weights.h"
#include "kernels/kernel_table.h"

namespace sluice::conformance {
namespace {

using kernels::KernelTable;
using quant::FormatId;
using quant::ScaleType;

constexpr double kBound = 8;         // plain and GGML formats: exact weights
constexpr double kBoundAffine = 16;  // MLX: weights with cancellation between scale * q and bias
constexpr float kUntouched = 12345.0F;

struct Case {
  std::string_view set;
  FormatId format;
};

std::string case_name(const testing::TestParamInfo<Case>& info) {
  return std::string(info.param.set) + "_" + std::string(quant::format(info.param.format).name);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& set : kernels::instruction_sets())
    for (const auto& format : quant::formats()) cases.push_back({set.name, format.id});
  return cases;
}

std::vector<Shape> shapes_of(const quant::Format& f) {
  if (f.block == 1 && !f.side_arrays) return {{1, 1}, {3, 7}, {5, 16}, {19, 31}, {6, 100}, {37, 1029}, {4, 2085}};
  if (!f.side_arrays) {
    const int64_t b = f.block;
    const int64_t wide = 1024 / b;  // about the columns of a panel
    return {{1, b}, {3, 3 * b}, {19, 5 * b}, {37, (wide + 1) * b}, {6, (2 * wide + 3) * b}};
  }
  if (f.id == FormatId::fp8_e4m3) return {{3, 7}, {19, 640}};
  std::vector<Shape> shapes;
  for (const ScaleType type : {ScaleType::bf16, ScaleType::f16, ScaleType::f32}) {
    for (const int32_t group : {32, 64, 128}) {
      shapes.push_back({1, group, group, type});
      shapes.push_back({19, 3 * group, group, type});
      shapes.push_back({37, 17 * group, group, type});
    }
    shapes.push_back({5, 96, 64, type});  // the last group is half a group
    shapes.push_back({6, 40, 128, type});
  }
  return shapes;
}

struct Job {
  const quant::Matrix* w;
  const GuardedFloats* x;
  int64_t ldx, tokens, ldy;
};

// One call for rows [r0, r1) and tokens [t0, t1), writing where the whole product has them.
void call(const KernelTable& table, const Job& j, int64_t r0, int64_t r1, int64_t t0, int64_t t1, float* y) {
  const kernels::MatMulArgs args{.w = j.w,
                                 .row_begin = r0,
                                 .row_end = r1,
                                 .x = j.x->data() + t0 * j.ldx,
                                 .ldx = j.ldx,
                                 .tokens = t1 - t0,
                                 .y = y + t0 * j.ldy,
                                 .ldy = j.ldy};
  table.matmul[static_cast<size_t>(j.w->format)](args);
}

GuardedFloats blank(const Job& j) {
  GuardedFloats y(static_cast<size_t>((j.tokens - 1) * j.ldy + j.w->rows));
  std::fill_n(y.data(), y.size(), kUntouched);
  return y;
}

void expect_near_exact(const Job& j, const GuardedFloats& y) {
  const double bound = (quant::format(j.w->format).side_arrays ? kBoundAffine : kBound) * 0x1p-24;
  std::vector<float> row(static_cast<size_t>(j.w->cols));
  for (int64_t r = 0; r < j.w->rows; ++r) {
    quant::format(j.w->format).decode_row(*j.w, r, row.data());
    for (int64_t t = 0; t < j.tokens; ++t) {
      double exact = 0, size = 0;
      for (size_t c = 0; c < row.size(); ++c) {
        const double product = double{row[c]} * double{(*j.x)[static_cast<size_t>(t * j.ldx) + c]};
        exact += product;
        size += std::fabs(product);
      }
      const auto got = static_cast<double>(y[static_cast<size_t>(t * j.ldy + r)]);
      ASSERT_LE(std::fabs(got - exact), bound * size) << "row " << r << " token " << t << " exact " << exact;
    }
  }
}

void expect_gaps_untouched(const Job& j, const GuardedFloats& y) {
  for (size_t i = 0; i < y.size(); ++i) {
    const bool gap = static_cast<int64_t>(i) % j.ldy >= j.w->rows;
    ASSERT_TRUE(!gap || y[i] == kUntouched) << i;
  }
}

void expect_same_bits(const GuardedFloats& a, const GuardedFloats& b, std::string_view what) {
  ASSERT_EQ(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)), 0) << what;
}

void check_cuts(const KernelTable& table, const Job& j, const GuardedFloats& whole, Random& random) {
  const int64_t rows = j.w->rows;
  GuardedFloats by_token = blank(j), by_row = blank(j), ragged = blank(j);
  for (int64_t t = 0; t < j.tokens; ++t) call(table, j, 0, rows, t, t + 1, by_token.data());
  expect_same_bits(whole, by_token, "token by token");
  for (int64_t r = 0; r < rows; ++r) call(table, j, r, r + 1, 0, j.tokens, by_row.data());
  expect_same_bits(whole, by_row, "row by row");
  for (int64_t r0 = 0, r1; r0 < rows; r0 = r1) {
    r1 = std::min<int64_t>(rows, r0 + 1 + static_cast<int64_t>(random() % 7));
    for (int64_t t0 = 0, t1; t0 < j.tokens; t0 = t1) {
      t1 = std::min<int64_t>(j.tokens, t0 + 1 + static_cast<int64_t>(random() % 6));
      call(table, j, r0, r1, t0, t1, ragged.data());
    }
  }
  expect_same_bits(whole, ragged, "ragged pieces");
}

class MatMul : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const auto table = kernels::select(GetParam().set);
    if (!table.ok()) GTEST_SKIP() << "NOT TESTED: " << table.error().message;
    table_ = table.value();
  }
  const KernelTable* table_ = nullptr;
};

TEST_P(MatMul, IsExactEnoughAndIndependentOfTheCut) {
  const quant::Format& format = quant::format(GetParam().format);
  Random random(2024);
  size_t slack = 0;
  for (const Shape& shape : shapes_of(format)) {
    for (const int64_t tokens : {1, 2, 3, 5, 9}) {
      const RandomMatrix w(random, format.id, shape, slack++ % 4);
      const int64_t ldx = shape.cols + tokens % 3;
      const GuardedFloats x = random_floats(random, static_cast<size_t>((tokens - 1) * ldx + shape.cols));
      const Job job{.w = &w.view(), .x = &x, .ldx = ldx, .tokens = tokens, .ldy = shape.rows + tokens % 2};
      SCOPED_TRACE(testing::Message() << shape.rows << "x" << shape.cols << " group " << shape.group << " scales "
                                      << static_cast<int>(shape.scale_type) << ", " << tokens << " tokens");
      const GuardedFloats y = blank(job);
      call(*table_, job, 0, shape.rows, 0, tokens, y.data());
      ASSERT_NO_FATAL_FAILURE(expect_near_exact(job, y));
      ASSERT_NO_FATAL_FAILURE(expect_gaps_untouched(job, y));
      ASSERT_NO_FATAL_FAILURE(check_cuts(*table_, job, y, random));
    }
  }
}

TEST_P(MatMul, LongPromptsAreTheSameTokenByToken) {
  const quant::Format& format = quant::format(GetParam().format);
  Random random(7);
  const Shape shape{21, 1536, format.side_arrays && format.id != FormatId::fp8_e4m3 ? 64 : 0,
                    format.side_arrays && format.id != FormatId::fp8_e4m3 ? ScaleType::bf16 : ScaleType::none};
  const RandomMatrix w(random, format.id, shape, 1);
  constexpr int64_t kTokens = 135;  // more than two of any kernel's token tiles, and a rest
  const GuardedFloats x = random_floats(random, static_cast<size_t>(kTokens * shape.cols));
  const Job job{.w = &w.view(), .x = &x, .ldx = shape.cols, .tokens = kTokens, .ldy = shape.rows};
  const GuardedFloats y = blank(job);
  call(*table_, job, 0, shape.rows, 0, kTokens, y.data());
  ASSERT_NO_FATAL_FAILURE(expect_near_exact(job, y));
  ASSERT_NO_FATAL_FAILURE(check_cuts(*table_, job, y, random));
}

INSTANTIATE_TEST_SUITE_P(All, MatMul, testing::ValuesIn(all_cases()), case_name);

// Without this, a set that silently fell back to ref would pass everything above.
TEST(Slots, EachSetBringsItsOwnKernels) {
  const KernelTable& ref = *kernels::select("ref").value();
  for (const auto& set : kernels::instruction_sets()) {
    if (set.name == "ref") continue;
    const auto selected = kernels::select(set.name);
    if (!selected.ok()) {
      GTEST_SKIP() << "NOT TESTED: " << selected.error().message;
    }
    const KernelTable& table = *selected.value();
    EXPECT_EQ(table.name, set.name);
    for (const std::string_view name : {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K",
                                        "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "MXFP4", "MLX4", "MLX8"}) {
      const auto i = static_cast<size_t>(quant::format_by_name(name)->id);
      EXPECT_NE(table.matmul[i], ref.matmul[i]) << set.name << " " << name;
    }
    EXPECT_NE(table.rms_norm, ref.rms_norm);
    EXPECT_NE(table.swiglu, ref.swiglu);
    EXPECT_NE(table.axpy, ref.axpy);
    EXPECT_NE(table.attention, ref.attention);
    EXPECT_NE(table.attention_merge, ref.attention_merge);
    EXPECT_NE(table.attention_finish, ref.attention_finish);
    EXPECT_NE(table.delta_rule, ref.delta_rule);
    EXPECT_NE(table.short_conv, ref.short_conv);
  }
}

}  // namespace
}  // namespace sluice::conformance
