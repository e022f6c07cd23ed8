// Integer products (kernels/integer.h): every set gives ref's bytes, for any cut into rows and tokens; ref is within the
// activations' rounding of a double-precision product; quantised activations are what the header says. Weights end at an
// unreadable page, and start at any address.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "base/arena.h"
#include "conformance/random_weights.h"
#include "kernels/integer.h"
#include "kernels/kernel_table.h"

namespace sluice::conformance {
namespace {

using kernels::ActivationBits;
using kernels::KernelTable;
using quant::ScaleType;

struct Case {
  std::string_view set;
  quant::FormatId format;
  ActivationBits bits;
};
constexpr ActivationBits kBits[] = {ActivationBits::sixteen, ActivationBits::eight};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const auto& set : kernels::instruction_sets())
    for (const auto& format : quant::formats())
      for (const ActivationBits bits : kBits)
        if (format.split_row != nullptr) cases.push_back({set.name, format.id, bits});
  return cases;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  return std::string(info.param.set) + "_" + std::string(quant::format(info.param.format).name) +
         (info.param.bits == ActivationBits::eight ? "_coarse" : "");
}

std::vector<Shape> shapes_of(const quant::Format& f) {
  if (!f.side_arrays) {
    const int64_t b = f.block;
    return {{1, b}, {3, 3 * b}, {16, 2 * b}, {19, 5 * b}, {37, 1280}, {70, 9 * b}};
  }
  std::vector<Shape> shapes;
  for (const ScaleType type : {ScaleType::bf16, ScaleType::f16, ScaleType::f32}) {
    for (const int32_t group : {32, 64, 96, 128}) {
      shapes.push_back({1, group, group, type});
      shapes.push_back({19, 3 * group, group, type});
      shapes.push_back({37, 11 * group, group, type});
    }
    shapes.push_back({5, 96, 64, type});  // the last group is half a group
    shapes.push_back({18, 672, 128, type});
    for (const int32_t group : {32, 64, 128}) shapes.push_back({35, 768, group, type});
  }
  return shapes;
}

// Quantised rows of a set, one after the other.
struct Activations {
  Arena memory;
  int64_t stride;
  const std::byte* data() const { return memory.data(); }
};

void quantise_in_pieces(const KernelTable& table, const float* x, int64_t cols, std::byte* row) {
  const int64_t middle = cols / 64 * 32;
  table.quantise(x, middle, cols, cols, row);
  table.quantise(x, 0, middle, cols, row);
}

Activations quantise(const KernelTable& table, const GuardedFloats& x, int64_t tokens, int64_t cols) {
  Activations q{{}, kernels::quantised_bytes(cols)};
  q.memory = Arena::map(static_cast<uint64_t>(tokens * q.stride)).value();
  for (int64_t t = 0; t < tokens; ++t) quantise_in_pieces(table, x.data() + t * cols, cols, q.memory.data() + t * q.stride);
  return q;
}

struct Job {
  const quant::Matrix* w;
  int64_t tokens;
};

using Floats = std::vector<float>;

void call(const KernelTable& table, const Activations& q, const Job& j, int64_t r0, int64_t r1, int64_t t0, int64_t t1,
          Floats& y) {
  table.integer_matmul[static_cast<size_t>(j.w->format)]({.w = j.w,
                                                          .row_begin = r0,
                                                          .row_end = r1,
                                                          .x = nullptr,
                                                          .ldx = 0,
                                                          .tokens = t1 - t0,
                                                          .y = y.data() + t0 * j.w->rows,
                                                          .ldy = j.w->rows,
                                                          .quantised = q.data() + t0 * q.stride,
                                                          .ldq = q.stride});
}

Floats whole(const KernelTable& table, const Activations& q, const Job& j) {
  Floats y(static_cast<size_t>(j.tokens * j.w->rows), 12345.0F);
  call(table, q, j, 0, j.w->rows, 0, j.tokens, y);
  return y;
}

bool same_bits(const Floats& a, const Floats& b) { return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0; }

void expect_near_exact(const Job& j, const GuardedFloats& x, ActivationBits bits, const Floats& y) {
  const double error = bits == ActivationBits::eight ? 1.01 / 254 : 0x1p-15;
  const int64_t cols = j.w->cols;
  std::vector<float> row(static_cast<size_t>(cols));
  for (int64_t r = 0; r < j.w->rows; ++r) {
    quant::format(j.w->format).decode_row(*j.w, r, row.data());
    for (int64_t t = 0; t < j.tokens; ++t) {
      double exact = 0, bound = 0;
      for (int64_t c = 0; c < cols; ++c) {
        exact += double{row[static_cast<size_t>(c)]} * double{x[static_cast<size_t>(t * cols + c)]};
        bound += std::fabs(double{row[static_cast<size_t>(c)]});  // |x| <= 1: an activation is off by at most 2^-16, coarse by 1/254
      }
      const double got = double{y[static_cast<size_t>(t * j.w->rows + r)]};
      ASSERT_LE(std::fabs(got - exact), bound * error) << "row " << r << " token " << t;
    }
  }
}

class IntegerMatMul : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const auto table = kernels::select(GetParam().set, GetParam().bits);
    if (!table.ok()) GTEST_SKIP() << "NOT TESTED: " << table.error().message;
    table_ = table.value();
  }
  const KernelTable* table_ = nullptr;
  const KernelTable& ref_ = *kernels::select("ref", GetParam().bits).value();
};

TEST_P(IntegerMatMul, GivesTheBytesOfRefForEveryCut) {
  const quant::Format& format = quant::format(GetParam().format);
  Random random(31);
  size_t slack = 0;
  for (const Shape& shape : shapes_of(format)) {
    for (const int64_t tokens : {1, 2, 3, 4, 5, 9}) {
      SCOPED_TRACE(testing::Message() << shape.rows << "x" << shape.cols << " group " << shape.group << " scales "
                                      << static_cast<int>(shape.scale_type) << ", " << tokens << " tokens");
      const RandomMatrix w(random, format.id, shape, slack++ % 4);
      ASSERT_TRUE(quant::splits_into_integers(w.view()));
      const GuardedFloats x = random_floats(random, static_cast<size_t>(tokens * shape.cols));
      const Job job{&w.view(), tokens};
      const Floats want = whole(ref_, quantise(ref_, x, tokens, shape.cols), job);
      ASSERT_NO_FATAL_FAILURE(expect_near_exact(job, x, GetParam().bits, want));
      const Activations q = quantise(*table_, x, tokens, shape.cols);
      ASSERT_TRUE(same_bits(whole(*table_, q, job), want));
      Floats pieces(want.size());
      for (int64_t r0 = 0, r1; r0 < shape.rows; r0 = r1) {
        r1 = std::min<int64_t>(shape.rows, r0 + 1 + static_cast<int64_t>(random() % 21));
        for (int64_t t0 = 0, t1; t0 < tokens; t0 = t1) {
          t1 = std::min<int64_t>(tokens, t0 + 1 + static_cast<int64_t>(random() % 6));
          call(*table_, q, job, r0, r1, t0, t1, pieces);
        }
      }
      ASSERT_TRUE(same_bits(pieces, want));
    }
  }
}

TEST_P(IntegerMatMul, LongPromptsToo) {
  const quant::Format& format = quant::format(GetParam().format);
  Random random(7);
  const Shape shape{21, 1536, format.side_arrays ? 64 : 0, format.side_arrays ? ScaleType::bf16 : ScaleType::none};
  const RandomMatrix w(random, format.id, shape, 1);
  constexpr int64_t kTokens = 135;  // more than two of any kernel's token tiles, and a rest
  const GuardedFloats x = random_floats(random, static_cast<size_t>(kTokens * shape.cols));
  const Job job{&w.view(), kTokens};
  EXPECT_TRUE(same_bits(whole(*table_, quantise(*table_, x, kTokens, shape.cols), job),
                        whole(ref_, quantise(ref_, x, kTokens, shape.cols), job)));
}

// Any bytes a file may hold: scales that are infinite, subnormal or NaN too. Only whether a result is a NaN must agree there.
TEST_P(IntegerMatMul, AnyBytesAgree) {
  const quant::Format& format = quant::format(GetParam().format);
  Random random(99);
  for (int round = 0; round < 20; ++round) {
    const int64_t rows = 1 + static_cast<int64_t>(random() % 40), tokens = 1 + static_cast<int64_t>(random() % 6);
    const int64_t cols = 256 * (1 + static_cast<int64_t>(random() % 3));
    const Shape shape{rows, cols, format.side_arrays ? 32 : 0, format.side_arrays ? ScaleType::f16 : ScaleType::none};
    const RandomMatrix w(random, format.id, shape, 0);
    quant::Matrix m = w.view();
    GuardedBytes data(static_cast<size_t>(rows * quant::row_bytes(m.format, cols))), side(static_cast<size_t>(rows * cols / 16));
    for (GuardedBytes* bytes : {&data, &side}) {
      for (size_t i = 0; i < bytes->size(); ++i) bytes->data()[i] = static_cast<std::byte>(random());
    }
    m.data = data.data();
    if (format.side_arrays) m.scales = m.biases = side.data();
    const GuardedFloats x = random_floats(random, static_cast<size_t>(tokens * cols), -1e3F, 1e3F);
    const Job job{&m, tokens};
    const Floats want = whole(ref_, quantise(ref_, x, tokens, cols), job);
    const Floats got = whole(*table_, quantise(*table_, x, tokens, cols), job);
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_TRUE(std::memcmp(&want[i], &got[i], sizeof(float)) == 0 || (std::isnan(want[i]) && std::isnan(got[i])))
          << "round " << round << " at " << i << ": " << want[i] << " and " << got[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, IntegerMatMul, testing::ValuesIn(all_cases()), case_name);

class Quantise : public testing::TestWithParam<std::tuple<std::string_view, ActivationBits>> {};

// The heads, which all sets lay out alike; the integers are seen through the products above.
TEST_P(Quantise, HeadsAreThoseOfRef) {
  const auto [set, bits] = GetParam();
  const auto table = kernels::select(set, bits);
  if (!table.ok()) GTEST_SKIP() << "NOT TESTED: " << table.error().message;
  const KernelTable& ref = *kernels::select("ref", bits).value();
  constexpr int64_t kCols = 32 * 9;
  Random random(3);
  const GuardedFloats x = random_floats(random, kCols, -7, 7);
  std::fill_n(x.data(), 32, 0.0F);
  x[40] = INFINITY;
  x[70] = NAN;
  std::fill_n(x.data() + 96, 32, 1e-38F);
  x[130] = -3e38F;
  const Activations a = quantise(*table.value(), x, 1, kCols), b = quantise(ref, x, 1, kCols);
  const auto heads = [](const Activations& q) {
    return reinterpret_cast<const kernels::GroupHead*>(q.data() + kernels::heads_at(kCols));
  };
  for (int g = 0; g < 9; ++g) {
    SCOPED_TRACE(g);
    if (g == 2) {
      EXPECT_TRUE(std::isnan(heads(a)[g].scale));
      continue;
    }
    EXPECT_EQ(heads(a)[g].scale, heads(b)[g].scale);
    EXPECT_EQ(heads(a)[g].sum[0], heads(b)[g].sum[0]);
    EXPECT_EQ(heads(a)[g].sum[1], heads(b)[g].sum[1]);
  }
  EXPECT_EQ(heads(b)[0].scale, 0);
  EXPECT_TRUE(std::isinf(heads(b)[1].scale));
  EXPECT_EQ(heads(b)[3].scale, 0);
}

std::vector<std::string_view> set_names() {
  std::vector<std::string_view> names;
  for (const auto& set : kernels::instruction_sets()) names.push_back(set.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, Quantise, testing::Combine(testing::ValuesIn(set_names()), testing::ValuesIn(kBits)),
                         [](const auto& row) {
                           return std::string(std::get<0>(row.param)) + (std::get<1>(row.param) == ActivationBits::eight ? "_coarse" : "");
                         });

// Without this, a set that silently fell back to ref would pass everything above.
TEST(IntegerSlots, EachSetBringsItsOwnKernels) {
  const KernelTable& ref = *kernels::select("ref").value();
  for (const auto& set : kernels::instruction_sets()) {
    const auto selected = kernels::select(set.name);
    if (set.name == "ref" || !selected.ok()) continue;
    EXPECT_NE(selected.value()->quantise, ref.quantise) << set.name;
    EXPECT_NE(selected.value()->quantise_coarse, ref.quantise_coarse) << set.name;
    EXPECT_NE(selected.value()->quantise_coarse, selected.value()->quantise) << set.name;
    const bool bytes = set.name == "avx_vnni" || set.name == "avx512_vnni" || set.name == "amx";  // whose coarse products leave the lower bytes out
    for (const auto& format : quant::formats()) {
      const auto i = static_cast<size_t>(format.id);
      EXPECT_EQ(ref.integer_matmul[i] != nullptr, format.split_row != nullptr);
      if (format.split_row == nullptr) continue;
      EXPECT_NE(selected.value()->integer_matmul[i], ref.integer_matmul[i]) << set.name << " " << format.name;
      EXPECT_EQ(selected.value()->coarse_matmul[i] != nullptr, bytes) << set.name << " " << format.name;
    }
  }
}

}  // namespace
}  // namespace sluice::conformance
