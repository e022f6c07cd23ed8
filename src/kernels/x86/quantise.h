// Quantised activations (kernels/integer.h) for the x86 sets, in one of two orders of a group's 64 bytes.
#pragma once

#include "kernels/integer.h"
#include "kernels/x86/load.h"

namespace sluice::kernels {
namespace {

// A group's 64 bytes, each 16 of them shuffled by `order`.
SLUICE_INLINE void shuffle_group(const std::byte* from, __m128i order, std::byte* to) {
  const __m256i both = _mm256_broadcastsi128_si256(order);
  unroll<2>([&](auto i) SLUICE_LAMBDA {
    const __m256i v = _mm256_load_si256(reinterpret_cast<const __m256i*>(from) + i.value);
    _mm256_store_si256(reinterpret_cast<__m256i*>(to) + i.value, _mm256_shuffle_epi8(v, both));
  });
}

// Each order also has even_first: a group anew, for weights that stand with the even columns of every eight before the odd.

// For each four columns, the pairs (0, 2) and (1, 3) as 16-bit integers: what the even and the odd bytes of a weight lane
// meet in a multiply-add of 16-bit pairs.
struct PairOrder {
  static SLUICE_INLINE void store(__m256i low, __m256i high, std::byte* out) {
    const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
    auto* p = reinterpret_cast<__m256i*>(out);
    _mm256_store_si256(p, _mm256_shuffle_epi8(low, order));
    _mm256_store_si256(p + 1, _mm256_shuffle_epi8(high, order));
  }
  static SLUICE_INLINE void even_first(const std::byte* from, std::byte* to) {
    shuffle_group(from, _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15), to);
  }
};

// The 32 upper bytes (q + 128) >> 8, then the 32 lower ones q - 256 upper: for products of unsigned with signed bytes.
struct PlaneOrder {
  static SLUICE_INLINE void store(__m256i low, __m256i high, std::byte* out) {
    const __m256i half = _mm256_set1_epi16(128);
    const __m256i up0 = _mm256_srai_epi16(_mm256_add_epi16(low, half), 8);
    const __m256i up1 = _mm256_srai_epi16(_mm256_add_epi16(high, half), 8);
    const __m256i down0 = _mm256_sub_epi16(low, _mm256_slli_epi16(up0, 8));
    const __m256i down1 = _mm256_sub_epi16(high, _mm256_slli_epi16(up1, 8));
    auto* p = reinterpret_cast<__m256i*>(out);
    _mm256_store_si256(p, _mm256_permute4x64_epi64(_mm256_packs_epi16(up0, up1), 0xd8));
    _mm256_store_si256(p + 1, _mm256_permute4x64_epi64(_mm256_packs_epi16(down0, down1), 0xd8));
  }
  static SLUICE_INLINE void even_first(const std::byte* from, std::byte* to) {
    shuffle_group(from, _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15), to);
  }
};

SLUICE_INLINE int32_t sum_of_pairs(__m256i v) {
  const __m256i pairs = _mm256_madd_epi16(v, _mm256_set1_epi16(1));
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

// The largest magnitude of 32 values, compared as bits, so that a NaN is the largest of all.
SLUICE_INLINE float largest_of_32(const __m256* x) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  const auto bits = [&](int i) SLUICE_LAMBDA { return _mm256_and_si256(_mm256_castps_si256(x[i]), magnitude); };
  const __m256i most = _mm256_max_epu32(_mm256_max_epu32(bits(0), bits(1)), _mm256_max_epu32(bits(2), bits(3)));
  __m128i m = _mm_max_epu32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0x4e));
  m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0xb1));
  return _mm_cvtss_f32(_mm_castsi128_ps(m));
}

// kUnit: what the integers are multiples of.
template <class Order, int kUnit>
SLUICE_INLINE GroupHead quantise_group(const float* from, std::byte* out) {
  __m256 x[4];
  unroll<4>([&](auto i) SLUICE_LAMBDA { x[i.value] = _mm256_loadu_ps(from + 8 * i.value); });
  const float most = largest_of_32(x);
  GroupHead head{most < kLeastMagnitude ? 0 : most * (1.0F / kIntegerRange), {0, 0}, 0};
  __m256i low = _mm256_setzero_si256(), high = low;
  if (most >= kLeastMagnitude && most <= __FLT_MAX__) {
    const __m256 factor = _mm256_set1_ps(kIntegerRange / kUnit / most);
    __m256i q[4];
    unroll<4>([&](auto i) SLUICE_LAMBDA {
      q[i.value] = _mm256_mullo_epi32(_mm256_cvtps_epi32(_mm256_mul_ps(x[i.value], factor)), _mm256_set1_epi32(kUnit));
    });
    low = _mm256_permute4x64_epi64(_mm256_packs_epi32(q[0], q[1]), 0xd8);
    high = _mm256_permute4x64_epi64(_mm256_packs_epi32(q[2], q[3]), 0xd8);
  }
  Order::store(low, high, out);
  head.sum[0] = sum_of_pairs(low);
  head.sum[1] = sum_of_pairs(high);
  head.scaled_sum = head.scale * static_cast<float>(head.sum[0] + head.sum[1]);
  return head;
}

template <class Order, int kUnit = 1>
void quantise(const float* x, int64_t begin, int64_t end, int64_t cols, std::byte* row) {
  auto* heads = reinterpret_cast<GroupHead*>(row + cols / 32 * kGroupBytes);
  for (int64_t g = begin / 32; g < end / 32; g++) heads[g] = quantise_group<Order, kUnit>(x + 32 * g, row + g * kGroupBytes);
}

}  // namespace
}  // namespace sluice::kernels
