// Products in integers, as kernels/integer.h defines them.
#include "kernels/integer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/ref/ref.h"

namespace sluice::kernels::ref {
namespace {

constexpr int kGroup = static_cast<int>(quant::kIntegerGroup);

// The largest magnitude, compared as bits, so that a NaN is the largest of all.
float largest(const float* x) {
  uint32_t most = 0;
  for (int i = 0; i < kGroup; ++i) most = std::max(most, std::bit_cast<uint32_t>(x[i]) & 0x7fffffffu);
  return std::bit_cast<float>(most);
}

GroupHead quantise_group(const float* x, int unit, int16_t* q) {
  const float most = largest(x);
  GroupHead head{most * (1.0f / kIntegerRange), {0, 0}, 0};
  if (most < kLeastMagnitude) head.scale = 0;
  const bool usable = most >= kLeastMagnitude && std::isfinite(most);
  const float factor = usable ? kIntegerRange / static_cast<float>(unit) / most : 0;
  for (int i = 0; i < kGroup; ++i) {
    q[i] = usable ? static_cast<int16_t>(static_cast<int>(std::nearbyint(x[i] * factor)) * unit) : int16_t{0};
    head.sum[i / 16] += q[i];
  }
  head.scaled_sum = head.scale * static_cast<float>(head.sum[0] + head.sum[1]);
  return head;
}

// Adds one group's product to acc. s and o begin at the group's scales; `halves` of them.
float add_group(const int16_t* w, const int16_t* q, const GroupHead& head, const float* s, const float* o, int halves,
                float acc) {
  const int n = kGroup / halves;
  for (int h = 0; h < halves; ++h) {
    int32_t dot = 0;
    for (int i = h * n; i < (h + 1) * n; ++i) dot += int32_t{w[i]} * q[i];
    acc = std::fma(static_cast<float>(dot), s[h] * head.scale, acc);
    if (o == nullptr) continue;
    const float sum = halves == 1 ? head.scaled_sum : head.scale * static_cast<float>(head.sum[h]);
    acc = std::fma(o[h], sum, acc);
  }
  return acc;
}

void quantise_rows(const float* x, int64_t begin, int64_t end, int64_t cols, int unit, std::byte* row) {
  std::byte* heads = row + heads_at(cols);
  for (int64_t g = begin / kGroup; g < end / kGroup; ++g) {
    int16_t q[kGroup];
    const GroupHead head = quantise_group(x + g * kGroup, unit, q);
    std::memcpy(row + g * kGroupBytes, q, sizeof q);
    std::memcpy(heads + g * static_cast<int64_t>(sizeof head), &head, sizeof head);
  }
}

}  // namespace

void quantise(const float* x, int64_t begin, int64_t end, int64_t cols, std::byte* row) {
  quantise_rows(x, begin, end, cols, 1, row);
}

void quantise_coarse(const float* x, int64_t begin, int64_t end, int64_t cols, std::byte* row) {
  quantise_rows(x, begin, end, cols, kCoarseUnit, row);
}

void integer_matmul(const MatMulArgs& args) {
  const quant::Matrix& m = *args.w;
  const quant::Format& f = quant::format(m.format);
  const int halves = kGroup / f.scale_group;
  // These grow to the widest matrix this thread meets and stay: after the first token nothing allocates.
  thread_local std::vector<int16_t> w;
  thread_local std::vector<float> scales, offsets;
  const auto cols = static_cast<size_t>(m.cols);
  if (w.size() < cols) {
    w.resize(cols);
    scales.resize(cols / 16);
    offsets.resize(cols / 16);
  }
  for (int64_t r = args.row_begin; r < args.row_end; ++r) {
    f.split_row(m, r, {w.data(), scales.data(), offsets.data()});
    for (int64_t t = 0; t < args.tokens; ++t) {
      const auto* q = reinterpret_cast<const int16_t*>(args.quantised + t * args.ldq);
      const auto* heads = reinterpret_cast<const GroupHead*>(args.quantised + t * args.ldq + heads_at(m.cols));
      float acc = 0;
      for (int64_t g = 0; g < m.cols / kGroup; ++g) {
        acc = add_group(w.data() + g * kGroup, q + g * kGroup, heads[g], scales.data() + g * halves,
                        f.offsets ? offsets.data() + g * halves : nullptr, halves, acc);
      }
      args.y[t * args.ldy + r] = acc;
    }
  }
}

}  // namespace sluice::kernels::ref
