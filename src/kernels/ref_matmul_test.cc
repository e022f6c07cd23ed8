// ref::matmul in every format against a dot product in double over the decoded row.
#include <gtest/gtest.h>

#include <string>

#include "kernels/random_matrix.h"
#include "kernels/ref/ref.h"

namespace sluice::kernels {
namespace {

constexpr int64_t kRows = 11;
constexpr int64_t kCols = 768;
constexpr float kUntouched = 12345.0f;

class RefMatMul : public testing::TestWithParam<quant::FormatId> {};

struct Call {
  int64_t row_begin, row_end, tokens, ldx, ldy;
};

std::vector<float> run(const quant::Matrix& w, const std::vector<float>& x, const Call& call) {
  std::vector<float> y(static_cast<size_t>(call.tokens * call.ldy), kUntouched);
  ref::matmul({.w = &w,
               .row_begin = call.row_begin,
               .row_end = call.row_end,
               .x = x.data(),
               .ldx = call.ldx,
               .tokens = call.tokens,
               .y = y.data(),
               .ldy = call.ldy});
  return y;
}

TEST_P(RefMatMul, IsTheDotProductAndTouchesNothingElse) {
  const RandomMatrix w(GetParam(), kRows, kCols, 1);
  for (const Call& call : {Call{0, kRows, 1, kCols, kRows}, Call{3, 8, 2, kCols + 5, kRows + 3},
                           Call{10, 11, 7, kCols, kRows}, Call{5, 5, 1, kCols, kRows}}) {
    const auto x = random_floats(call.tokens * call.ldx, 2);
    const auto y = run(w.view, x, call);
    for (int64_t t = 0; t < call.tokens; ++t) {
      for (int64_t r = 0; r < call.ldy; ++r) {
        const float got = y[static_cast<size_t>(t * call.ldy + r)];
        if (r < call.row_begin || r >= call.row_end) {
          ASSERT_EQ(got, kUntouched) << "token " << t << " row " << r;
          continue;
        }
        const auto [want, magnitudes] = exact_dot(w.view, r, x.data() + t * call.ldx);
        ASSERT_NEAR(got, want, 1e-6 * magnitudes) << "token " << t << " row " << r;
      }
    }
  }
}

TEST_P(RefMatMul, BytesDoNotDependOnRowsOrTokensOfACall) {
  const RandomMatrix w(GetParam(), kRows, kCols, 3);
  const auto x = random_floats(7 * kCols, 4);
  const auto all = run(w.view, x, {0, kRows, 7, kCols, kRows});
  for (int64_t t = 0; t < 7; ++t) {
    const std::vector<float> token(x.begin() + t * kCols, x.begin() + (t + 1) * kCols);
    for (int64_t r = 0; r < kRows; ++r) {
      const auto one = run(w.view, token, {r, r + 1, 1, kCols, kRows});
      ASSERT_EQ(one[static_cast<size_t>(r)], all[static_cast<size_t>(t * kRows + r)]) << t << " " << r;
    }
  }
}

std::vector<quant::FormatId> all_formats() {
  std::vector<quant::FormatId> ids;
  for (const quant::Format& f : quant::formats()) ids.push_back(f.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(Formats, RefMatMul, testing::ValuesIn(all_formats()),
                         [](const auto& row) { return std::string(quant::format(row.param).name); });

TEST(RefDot, EveryLengthOfTail) {
  const auto a = random_floats(70, 5);
  const auto b = random_floats(70, 6);
  for (int64_t n = 0; n <= 70; ++n) {
    double want = 0;
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) want += double{a[i]} * double{b[i]};
    EXPECT_NEAR(ref::dot(a.data(), b.data(), n), want, 1e-5) << n;
  }
}

}  // namespace
}  // namespace sluice::kernels
