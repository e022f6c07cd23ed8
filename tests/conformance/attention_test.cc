// The attention slots of every instruction set against the same sums in double precision over the decoded rows, and
// against their own bytes: a query alone, or among others. All arrays end at an unreadable page.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "conformance/each_set.h"

namespace sluice::conformance {
namespace {

using kernels::kAttentionRows;
using kernels::KernelTable;
using kernels::KvFormat;

struct Case {
  size_t head_dim, heads, tokens, rows;  // rows of the last token; all tokens see as many, less those behind them
  KvFormat kv;
};

// Queries and rows of one KV head; rows stand `gap` bytes apart.
class Attend {
 public:
  Attend(Random& random, const Case& c)
      : c_(c),
        row_bytes_(static_cast<size_t>(kernels::kv_row_bytes(c.kv, at(c.head_dim)))),
        stride_(row_bytes_ + 4 * (c.rows % 3)),
        q_(random_floats(random, c.tokens * c.heads * (c.head_dim + 3))),
        keys_(rows(random)),
        values_(rows(random)) {}

  // Parts of tokens [first, first + count), heads [head, head + heads), of block `block`.
  GuardedFloats block(const KernelTable& table, size_t block, size_t first, size_t count, size_t head, size_t heads,
                      float scale) const {
    const size_t from = block * size_t{kAttentionRows}, seen = c_.rows - c_.tokens + 1 + first - from;
    GuardedFloats parts(count * heads * (c_.head_dim + 2));
    const GuardedFloats scratch(count * heads * size_t{kAttentionRows} + c_.head_dim);
    table.attention({.q = q(first, head),
                     .q_token = at(c_.heads * (c_.head_dim + 3)),
                     .q_head = at(c_.head_dim + 3),
                     .tokens = at(count),
                     .heads = at(heads),
                     .keys = keys_.data() + from * stride_,
                     .values = values_.data() + from * stride_,
                     .row_stride = at(stride_),
                     .kv = c_.kv,
                     .rows = std::min(kAttentionRows, at(c_.rows - c_.tokens + first + count - from)),
                     .seen = at(seen),
                     .head_dim = at(c_.head_dim),
                     .scale = scale,
                     .scratch = scratch.data(),
                     .parts = parts.data(),
                     .part_stride = at(c_.head_dim + 2)});
    return parts;
  }

  std::vector<double> exact(size_t token, size_t head, double scale) const {
    const size_t seen = c_.rows - c_.tokens + 1 + token;
    std::vector<double> weight(seen), out(c_.head_dim);
    std::vector<float> row(c_.head_dim);
    double highest = -INFINITY, sum = 0;
    for (size_t p = 0; p < seen; ++p) {
      kernels::kv_decode(c_.kv, keys_.data() + p * stride_, at(c_.head_dim), row.data());
      for (size_t i = 0; i < c_.head_dim; ++i) weight[p] += double{q(token, head)[i]} * double{row[i]};
      highest = std::max(highest, weight[p] *= scale);
    }
    for (double& w : weight) sum += w = std::exp(w - highest);
    for (size_t p = 0; p < seen; ++p) {
      kernels::kv_decode(c_.kv, values_.data() + p * stride_, at(c_.head_dim), row.data());
      for (size_t i = 0; i < c_.head_dim; ++i) out[i] += weight[p] / sum * double{row[i]};
    }
    return out;
  }
  const Case& shape() const { return c_; }

 private:
  static int64_t at(size_t n) { return static_cast<int64_t>(n); }
  const float* q(size_t token, size_t head) const { return q_.data() + (token * c_.heads + head) * (c_.head_dim + 3); }
  GuardedBytes rows(Random& random) const {
    GuardedBytes out((c_.rows - 1) * stride_ + row_bytes_);
    for (size_t p = 0; p < c_.rows; ++p) {
      const GuardedFloats x = random_floats(random, c_.head_dim);
      kernels::kv_encode(c_.kv, x.data(), at(c_.head_dim), out.data() + p * stride_);
    }
    return out;
  }
  Case c_;
  size_t row_bytes_, stride_;
  GuardedFloats q_;
  GuardedBytes keys_, values_;
};

class Attention : public EachSet {
 protected:
  // Whole results of a token's heads, block by block, alone.
  GuardedFloats alone(const Attend& a, size_t token, float scale) const {
    const Case& c = a.shape();
    const size_t part = c.head_dim + 2, seen = c.rows - c.tokens + 1 + token;
    GuardedFloats parts = a.block(*table_, 0, token, 1, 0, c.heads, scale);
    for (size_t b = 1; b * size_t{kAttentionRows} < seen; ++b) {
      const GuardedFloats next = a.block(*table_, b, token, 1, 0, c.heads, scale);
      for (size_t h = 0; h < c.heads; ++h) {
        table_->attention_merge(parts.data() + h * part, next.data() + h * part, static_cast<int64_t>(c.head_dim));
      }
    }
    return parts;
  }
  void check(const Case& c, float scale) {
    const Attend a(random_, c);
    const GuardedFloats out(c.head_dim);
    for (size_t t = 0; t < c.tokens; ++t) {
      const GuardedFloats parts = alone(a, t, scale);
      for (size_t h = 0; h < c.heads; ++h) {
        table_->attention_finish(parts.data() + h * (c.head_dim + 2), nullptr, static_cast<int64_t>(c.head_dim), out.data());
        const std::vector<double> exact = a.exact(t, h, double{scale});
        // A score's absolute error is its relative error on the weights, hence the factor.
        const double bound = 1e-6 * (1 + double{scale} * static_cast<double>(c.head_dim) / 4);
        for (size_t i = 0; i < c.head_dim; ++i) ASSERT_NEAR(out[i], exact[i], bound) << t << " " << h << " " << i;
      }
    }
  }
  // The first block: all tokens and heads at once, and each token's heads one by one.
  void check_bytes(const Case& c) {
    const Attend a(random_, c);
    const size_t part = c.head_dim + 2;
    const GuardedFloats all = a.block(*table_, 0, 0, c.tokens, 0, c.heads, 0.3F);
    for (size_t t = 0; t < c.tokens; ++t) {
      for (size_t h = 0; h < c.heads; ++h) {
        const GuardedFloats one = a.block(*table_, 0, t, 1, h, 1, 0.3F);
        ASSERT_EQ(std::memcmp(one.data(), all.data() + (t * c.heads + h) * part, part * sizeof(float)), 0) << t << " " << h;
      }
    }
  }
};

constexpr KvFormat kFormats[] = {KvFormat::f32, KvFormat::f16, KvFormat::q8};

TEST_P(Attention, IsTheSoftmaxOverAllBlocks) {
  for (const size_t head_dim : {1, 3, 8, 16, 20, 64, 80, 128, 192, 250, 256, 300}) {
    for (const size_t rows : {1, 2, 3, 4, 5, 15, 33, 256, 257, 600}) {
      const KvFormat kv = kFormats[(head_dim + rows) % 3];
      SCOPED_TRACE(testing::Message() << "kv " << static_cast<int>(kv) << " head_dim " << head_dim << " rows " << rows);
      const float usual = 1 / std::sqrt(static_cast<float>(head_dim));
      const size_t heads = 1 + (head_dim + rows) % 5;
      ASSERT_NO_FATAL_FAILURE(check({head_dim, heads, 1, rows, kv}, usual));
      if (rows > 40) continue;
      ASSERT_NO_FATAL_FAILURE(check({head_dim, heads, 1, rows, kv}, 8));  // nearly one-hot
    }
  }
}

TEST_P(Attention, LaterTokensSeeMore) {
  for (const KvFormat kv : kFormats) check({64, 3, 4, 258, kv}, 0.125F);
}

TEST_P(Attention, AQuerysBytesAreItsOwn) {
  for (const KvFormat kv : kFormats) {
    for (const size_t head_dim : {20, 128, 256}) {
      for (const size_t heads : {1, 4, 6}) {
        for (const size_t rows : {4, 7, 37}) {
          SCOPED_TRACE(testing::Message() << head_dim << " heads " << heads << " rows " << rows);
          ASSERT_NO_FATAL_FAILURE(check_bytes({head_dim, heads, 4, rows, kv}));
        }
      }
    }
  }
}

// The best score leads by hundreds, where an exp without the maximum taken off would overflow.
TEST_P(Attention, LargeScores) {
  check({64, 4, 1, 300, KvFormat::f32}, 100);
}

TEST_P(Attention, FinishDividesAndGates) {
  for (const size_t n : {1, 7, 16, 33, 256}) {
    const GuardedFloats part = random_floats(random_, n + 2), gate = random_floats(random_, n, -20, 20), out(n);
    part[n] = 3;
    table_->attention_finish(part.data(), gate.data(), static_cast<int64_t>(n), out.data());
    for (size_t i = 0; i < n; ++i) {
      const double exact = double{part[i]} / 3 / (1 + std::exp(-double{gate[i]}));
      ASSERT_NEAR(out[i], exact, 1e-6 * std::fabs(exact)) << gate[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Attention, testing::ValuesIn(all_sets()), set_name);

}  // namespace
}  // namespace sluice::conformance
