// One query head over its past (contract: kernel_table.h) for any vector type V: scores, softmax, weighted values.
#pragma once

#include "kernels/kernel_table.h"
#include "kernels/vector/elementwise.h"
#include "kernels/vector/unroll.h"

namespace sluice::kernels {
namespace {

// scores[p] = scale * q . key p for kPositions positions: as many independent chains.
template <class V, int kPositions>
SLUICE_INLINE void score(const AttentionArgs& a, int64_t p) {
  typename V::Reg dot[kPositions];
  unroll<kPositions>([&](auto k) SLUICE_LAMBDA { dot[k.value] = V::zero(); });
  const float* key = a.keys + p * a.kv_stride;
  for_vectors<V>(
      a.head_dim,
      [&](int64_t i) SLUICE_LAMBDA {
        const typename V::Reg q = V::load(a.q + i);
        unroll<kPositions>([&](auto k) SLUICE_LAMBDA {
          dot[k.value] = V::fma(q, V::load(key + k.value * a.kv_stride + i), dot[k.value]);
        });
      },
      [&](int64_t i, int lanes) SLUICE_LAMBDA {
        const typename V::Reg q = V::load_n(a.q + i, lanes);
        unroll<kPositions>([&](auto k) SLUICE_LAMBDA {
          dot[k.value] = V::fma(q, V::load_n(key + k.value * a.kv_stride + i, lanes), dot[k.value]);
        });
      });
  unroll<kPositions>([&](auto k) SLUICE_LAMBDA { a.scores[p + k.value] = a.scale * V::hsum(dot[k.value]); });
}

// scores[p] = exp(scores[p] - max); returns their sum.
template <class V>
inline float exponentiate(float* scores, int64_t n) {
  typename V::Reg highest = V::set1(scores[0]);
  for_vectors<V>(
      n, [&](int64_t i) SLUICE_LAMBDA { highest = V::max(highest, V::load(scores + i)); },
      [&](int64_t i, int lanes)
          SLUICE_LAMBDA { highest = V::max(highest, V::keep_n(V::load_n(scores + i, lanes), highest, lanes)); });
  const typename V::Reg top = V::set1(V::hmax(highest));
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
  return V::hsum(sum);
}

// out[0, kVectors whole vectors) = inverse * sum over p of scores[p] * value p, accumulated in registers.
template <class V, int kVectors>
SLUICE_INLINE void weigh(const AttentionArgs& a, int64_t column, float inverse) {
  typename V::Reg sum[kVectors];
  unroll<kVectors>([&](auto j) SLUICE_LAMBDA { sum[j.value] = V::zero(); });
  const float* value = a.values + column;
  for (int64_t p = 0; p < a.positions; p++, value += a.kv_stride) {
    const typename V::Reg w = V::set1(a.scores[p]);
    unroll<kVectors>(
        [&](auto j) SLUICE_LAMBDA { sum[j.value] = V::fma(w, V::load(value + j.value * V::kLanes), sum[j.value]); });
  }
  unroll<kVectors>([&](auto j) SLUICE_LAMBDA {
    V::store(a.out + column + j.value * V::kLanes, V::mul(sum[j.value], V::set1(inverse)));
  });
}

template <class V>
inline void weigh_part(const AttentionArgs& a, int64_t column, int lanes, float inverse) {
  typename V::Reg sum = V::zero();
  for (int64_t p = 0; p < a.positions; p++) {
    sum = V::fma(V::set1(a.scores[p]), V::load_n(a.values + p * a.kv_stride + column, lanes), sum);
  }
  V::store_n(a.out + column, V::mul(sum, V::set1(inverse)), lanes);
}

template <class V>
void attention(const AttentionArgs& a) {
  int64_t p = 0;
  for (; p + 4 <= a.positions; p += 4) score<V, 4>(a, p);
  for (; p < a.positions; p++) score<V, 1>(a, p);
  const float inverse = 1.0F / exponentiate<V>(a.scores, a.positions);
  int64_t column = 0;
  for (; column + 8 * V::kLanes <= a.head_dim; column += 8 * V::kLanes) weigh<V, 8>(a, column, inverse);
  for (; column + 4 * V::kLanes <= a.head_dim; column += 4 * V::kLanes) weigh<V, 4>(a, column, inverse);
  for (; column + V::kLanes <= a.head_dim; column += V::kLanes) weigh<V, 1>(a, column, inverse);
  if (column < a.head_dim) weigh_part<V>(a, column, static_cast<int>(a.head_dim - column), inverse);
}

}  // namespace
}  // namespace sluice::kernels
