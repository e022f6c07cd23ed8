// Query heads over one block of a KV head's rows (contract: kernel_table.h) for any vector type V.
//
// Rows are taken kRowTile at a time and used for all queries while they lie in the first-level cache; several of a token's
// heads at once share the loads. A query's sums run over its rows in order, one accumulator a lane and column, so neither
// the tiles nor the other queries change a byte.
#pragma once

#include "kernels/kernel_table.h"
#include "kernels/vector/elementwise.h"
#include "kernels/vector/kv_rows.h"
#include "kernels/vector/unroll.h"

namespace sluice::kernels {
namespace {

// Where a query, its row of scores and its part stand.
struct AttentionQuery {
  const float* q;
  float* scores;
  float* part;
};

inline AttentionQuery attention_query(const AttentionArgs& a, int64_t token, int64_t head) {
  const int64_t i = token * a.heads + head;
  return {a.q + token * a.q_token + head * a.q_head, a.scratch + i * kAttentionRows, a.parts + i * a.part_stride};
}

// Rows that a token sees of the `n` that begin at row `first`.
inline int64_t seen_rows(const AttentionArgs& a, int64_t token, int64_t first, int64_t n) {
  const int64_t seen = a.seen + token - first;
  return seen < 0 ? 0 : seen < n ? seen : n;
}

constexpr int64_t kRowTile = 16;

// scores = scale * q . key for kQueries heads of a token and kRows rows from row r of the block on: as many independent
// chains. `of` is the first head's.
template <class V, int kQueries, int kRows, bool kFetch, class Rows>
SLUICE_INLINE void score_tile(const AttentionArgs& a, AttentionQuery of, Rows keys, int64_t r) {
  typename V::Reg dot[kQueries][kRows];
  unroll<kQueries>([&](auto h) SLUICE_LAMBDA {
    unroll<kRows>([&](auto p) SLUICE_LAMBDA { dot[h.value][p.value] = V::zero(); });
  });
  const auto step = [&](int64_t i, auto q_at, auto key_at) SLUICE_LAMBDA {
    typename V::Reg key[kRows];
    unroll<kRows>([&](auto p) SLUICE_LAMBDA {
      key[p.value] = key_at(r + p.value, i);
      if constexpr (kFetch) keys.fetch_ahead(r + p.value, i);
    });
    unroll<kQueries>([&](auto h) SLUICE_LAMBDA {
      const typename V::Reg q = q_at(of.q + h.value * a.q_head + i);
      unroll<kRows>([&](auto p) SLUICE_LAMBDA {
        dot[h.value][p.value] = V::fma(q, key[p.value], dot[h.value][p.value]);
      });
    });
  };
  for_vectors<V>(
      a.head_dim,
      [&](int64_t i) SLUICE_LAMBDA {
        step(i, [](const float* p) SLUICE_LAMBDA { return V::load(p); },
             [&](int64_t row, int64_t c) SLUICE_LAMBDA { return keys.load(row, c); });
      },
      [&](int64_t i, int lanes) SLUICE_LAMBDA {
        step(i, [lanes](const float* p) SLUICE_LAMBDA { return V::load_n(p, lanes); },
             [&](int64_t row, int64_t c) SLUICE_LAMBDA { return keys.load_n(row, c, lanes); });
      });
  unroll<kQueries>([&](auto h) SLUICE_LAMBDA {
    float* scores = of.scores + h.value * kAttentionRows + r;
    if constexpr (kRows == 4) {
      V::store_hsum4(scores, a.scale, dot[h.value][0], dot[h.value][1], dot[h.value][2], dot[h.value][3]);
    } else {
      unroll<kRows>([&](auto p) SLUICE_LAMBDA { scores[p.value] = a.scale * V::hsum(dot[h.value][p.value]); });
    }
  });
}

// kQueries heads of a token from `head` on over rows [first, end).
template <class V, int kQueries, bool kFetch, class Rows>
SLUICE_INLINE void score_heads(const AttentionArgs& a, int64_t token, int64_t head, Rows keys, int64_t first, int64_t end) {
  const AttentionQuery of = attention_query(a, token, head);
  int64_t r = first;
  for (; r + 4 <= end; r += 4) score_tile<V, kQueries, 4, kFetch>(a, of, keys, r);
  for (; r < end; r++) score_tile<V, kQueries, 1, kFetch>(a, of, keys, r);
}

// Turns n scores into exp(score - highest); writes their sum and the highest behind the values of the query's part.
template <class V>
inline void exponentiate(float* scores, int64_t n, float* sum_and_top) {
  typename V::Reg highest = V::set1(scores[0]);
  for_vectors<V>(
      n, [&](int64_t i) SLUICE_LAMBDA { highest = V::max(highest, V::load(scores + i)); },
      [&](int64_t i, int lanes)
          SLUICE_LAMBDA { highest = V::max(highest, V::keep_n(V::load_n(scores + i, lanes), highest, lanes)); });
  const float top_score = V::hmax(highest);
  const typename V::Reg top = V::set1(top_score);
  typename V::Reg sum = V::zero();
  for_vectors<V>(
      n,
      [&](int64_t i) SLUICE_LAMBDA {
        const typename V::Reg e = exp<V>(V::sub(V::load(scores + i), top));
        V::store(scores + i, e);
        sum = V::add(sum, e);
      },
      [&](int64_t i, int lanes) SLUICE_LAMBDA {
        const typename V::Reg e = exp<V>(V::sub(V::load_n(scores + i, lanes), top));
        V::store_n(scores + i, e, lanes);
        sum = V::add(sum, V::keep_n(e, V::zero(), lanes));
      });
  sum_and_top[0] = V::hsum(sum);
  sum_and_top[1] = top_score;
}

// part (+)= sum over rows [first, end) of weight * value, for kQueries heads and kVectors vectors of columns from c on, in
// registers; `at`, `put` and `value_at` load and store a vector, perhaps under a mask. A block's first rows overwrite.
template <class V, int kQueries, int kVectors, bool kFetch, class Rows, class At, class Put, class ValueAt>
SLUICE_INLINE void weigh_tile(const AttentionArgs& a, AttentionQuery of, Rows values, int64_t c, int64_t first, int64_t end,
                              At at, Put put, ValueAt value_at) {
  typename V::Reg sum[kQueries][kVectors];
  float* part = of.part + c;
  unroll<kQueries>([&](auto h) SLUICE_LAMBDA {
    unroll<kVectors>([&](auto j) SLUICE_LAMBDA {
      sum[h.value][j.value] = first == 0 ? V::zero() : at(part + h.value * a.part_stride + j.value * V::kLanes);
    });
  });
  for (int64_t r = first; r < end; r++) {
    typename V::Reg value[kVectors];
    unroll<kVectors>([&](auto j) SLUICE_LAMBDA {
      value[j.value] = value_at(r, c + j.value * V::kLanes);
      if constexpr (kFetch) values.fetch_ahead(r, c + j.value * V::kLanes);
    });
    unroll<kQueries>([&](auto h) SLUICE_LAMBDA {
      const typename V::Reg w = V::set1(of.scores[h.value * kAttentionRows + r]);
      unroll<kVectors>([&](auto j) SLUICE_LAMBDA {
        sum[h.value][j.value] = V::fma(w, value[j.value], sum[h.value][j.value]);
      });
    });
  }
  unroll<kQueries>([&](auto h) SLUICE_LAMBDA {
    unroll<kVectors>([&](auto j) SLUICE_LAMBDA {
      put(part + h.value * a.part_stride + j.value * V::kLanes, sum[h.value][j.value]);
    });
  });
}

// kQueries heads of a token from `head` on, all columns.
template <class V, int kQueries, bool kFetch, class Rows>
SLUICE_INLINE void weigh_heads(const AttentionArgs& a, int64_t token, int64_t head, Rows values, int64_t first, int64_t end) {
  const AttentionQuery of = attention_query(a, token, head);
  const auto at = [](const float* p) SLUICE_LAMBDA { return V::load(p); };
  const auto put = [](float* p, typename V::Reg v) SLUICE_LAMBDA { V::store(p, v); };
  const auto value_at = [&](int64_t r, int64_t c) SLUICE_LAMBDA { return values.load(r, c); };
  int64_t c = 0;
  for (; c + 2 * V::kLanes <= a.head_dim; c += 2 * V::kLanes) {
    weigh_tile<V, kQueries, 2, kFetch>(a, of, values, c, first, end, at, put, value_at);
  }
  for (; c + V::kLanes <= a.head_dim; c += V::kLanes) {
    weigh_tile<V, kQueries, 1, kFetch>(a, of, values, c, first, end, at, put, value_at);
  }
  if (const int lanes = static_cast<int>(a.head_dim - c); lanes > 0) {
    weigh_tile<V, kQueries, 1, kFetch>(
        a, of, values, c, first, end, [lanes](const float* p) SLUICE_LAMBDA { return V::load_n(p, lanes); },
        [lanes](float* p, typename V::Reg v) SLUICE_LAMBDA { V::store_n(p, v, lanes); },
        [&](int64_t r, int64_t column) SLUICE_LAMBDA { return values.load_n(r, column, lanes); });
  }
}

// f(queries, fetch, token, head, first, end) for all heads of all tokens over the rows they see, tile by tile. As many heads
// at once as there are registers for, kMost; the first of a token's fetch for all of them.
template <int kMost, class F>
SLUICE_INLINE void for_tiles(const AttentionArgs& a, F f) {
  for (int64_t first = 0; first < a.rows; first += kRowTile) {
    const int64_t rows = a.rows - first < kRowTile ? a.rows - first : kRowTile;
    for (int64_t t = 0; t < a.tokens; t++) {
      const int64_t end = first + seen_rows(a, t, first, rows);
      if (end == first) continue;
      int64_t head = 0;
      if (kMost <= a.heads) {
        f(Index<kMost>{}, Index<1>{}, t, head, first, end);
        head = kMost;
      }
      for (; head + kMost <= a.heads; head += kMost) f(Index<kMost>{}, Index<0>{}, t, head, first, end);
      for (; kMost > 4 && head + 4 <= a.heads; head += 4) f(Index<4>{}, Index<1>{}, t, head, first, end);
      for (; head < a.heads; head++) f(Index<1>{}, Index<1>{}, t, head, first, end);
    }
  }
}

template <class V, KvFormat kFormat>
inline void attention_over(const AttentionArgs& a) {
  const KvRows<V, kFormat> keys = {a.keys, a.row_stride, a.head_dim}, values = {a.values, a.row_stride, a.head_dim};
  for_tiles<V::kScoreQueries>(a, [&](auto n, auto fetch, int64_t t, int64_t head, int64_t first, int64_t end) SLUICE_LAMBDA {
    score_heads<V, n.value, fetch.value != 0>(a, t, head, keys, first, end);
  });
  for (int64_t t = 0; t < a.tokens; t++) {
    for (int64_t head = 0; head < a.heads; head++) {
      const AttentionQuery query = attention_query(a, t, head);
      exponentiate<V>(query.scores, seen_rows(a, t, 0, a.rows), query.part + a.head_dim);
    }
  }
  for_tiles<V::kValueQueries>(a, [&](auto n, auto fetch, int64_t t, int64_t head, int64_t first, int64_t end) SLUICE_LAMBDA {
    weigh_heads<V, n.value, fetch.value != 0>(a, t, head, values, first, end);
  });
}

template <class V>
void attention(const AttentionArgs& a) {
  if (a.kv == KvFormat::f32) attention_over<V, KvFormat::f32>(a);
  if (a.kv == KvFormat::f16) attention_over<V, KvFormat::f16>(a);
  if (a.kv == KvFormat::q8) attention_over<V, KvFormat::q8>(a);
}

template <class V>
void attention_merge(float* part, const float* next, int64_t head_dim) {
  float* sum_and_top = part + head_dim;
  const float* next_sum_and_top = next + head_dim;
  const float top = sum_and_top[1] < next_sum_and_top[1] ? next_sum_and_top[1] : sum_and_top[1];
  const typename V::Reg ours = exp<V>(V::set1(sum_and_top[1] - top)), theirs = exp<V>(V::set1(next_sum_and_top[1] - top));
  // The values and, behind them, the sum.
  for_vectors<V>(
      head_dim + 1,
      [&](int64_t i)
          SLUICE_LAMBDA { V::store(part + i, V::fma(theirs, V::load(next + i), V::mul(ours, V::load(part + i)))); },
      [&](int64_t i, int lanes) SLUICE_LAMBDA {
        V::store_n(part + i, V::fma(theirs, V::load_n(next + i, lanes), V::mul(ours, V::load_n(part + i, lanes))), lanes);
      });
  sum_and_top[1] = top;
}

template <class V>
void attention_finish(const float* part, const float* gate, int64_t head_dim, float* out) {
  const typename V::Reg inverse = V::set1(1.0F / part[head_dim]);
  const auto value = [&](typename V::Reg v, auto gate_at) SLUICE_LAMBDA {
    const typename V::Reg whole = V::mul(v, inverse);
    return gate == nullptr ? whole : V::mul(whole, sigmoid<V>(gate_at()));
  };
  for_vectors<V>(
      head_dim,
      [&](int64_t i) SLUICE_LAMBDA {
        V::store(out + i, value(V::load(part + i), [&]() SLUICE_LAMBDA { return V::load(gate + i); }));
      },
      [&](int64_t i, int lanes) SLUICE_LAMBDA {
        V::store_n(out + i, value(V::load_n(part + i, lanes), [&]() SLUICE_LAMBDA { return V::load_n(gate + i, lanes); }),
                   lanes);
      });
}

}  // namespace
}  // namespace sluice::kernels
