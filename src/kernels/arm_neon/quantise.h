// Quantised activations (kernels/integer.h) for the ARM sets. An Order writes a group's 32 integers, 8 a register, as 64
// bytes; the products say which order they read (arm_neon/integer_products.h and the like).
#pragma once

#include <arm_neon.h>

#include "kernels/integer.h"
#include "kernels/vector/unroll.h"

namespace sluice::kernels {
namespace {

// 16-bit integers in the order of the columns.
struct PlainOrder {
  static SLUICE_INLINE void store(const int16x8_t* q, std::byte* out) {
    for (int i = 0; i < 4; i++) vst1q_s16(reinterpret_cast<int16_t*>(out) + 8 * i, q[i]);
  }
};

// q = 256 upper + lower, both int8.
SLUICE_INLINE int8x8_t upper_bytes(int16x8_t q) {
  return vmovn_s16(vshrq_n_s16(vaddq_s16(q, vdupq_n_s16(128)), 8));
}
SLUICE_INLINE int8x8_t lower_bytes(int16x8_t q) {
  return vmovn_s16(q);  // q - 256 upper lies in [-128, 127] and has q's lowest byte
}

// The 32 upper bytes, then the 32 lower ones.
struct PlaneOrder {
  static SLUICE_INLINE void store(const int16x8_t* q, std::byte* out) {
    for (int i = 0; i < 4; i++) {
      vst1_s8(reinterpret_cast<int8_t*>(out) + 8 * i, upper_bytes(q[i]));
      vst1_s8(reinterpret_cast<int8_t*>(out) + 32 + 8 * i, lower_bytes(q[i]));
    }
  }
};

// For each 8 columns, the upper bytes, then the lower ones: the two rows of a 2 x 8 matrix.
struct RowPairOrder {
  static SLUICE_INLINE void store(const int16x8_t* q, std::byte* out) {
    for (int i = 0; i < 4; i++) {
      vst1q_s8(reinterpret_cast<int8_t*>(out) + 16 * i, vcombine_s8(upper_bytes(q[i]), lower_bytes(q[i])));
    }
  }
};

// kUnit: what the integers are multiples of.
template <class Order, int kUnit>
SLUICE_INLINE GroupHead quantise_group(const float* from, std::byte* out) {
  float32x4_t x[8];
  uint32x4_t largest = vdupq_n_u32(0);  // magnitudes compared as bits, so that a NaN is the largest of all
  for (int i = 0; i < 8; i++) {
    x[i] = vld1q_f32(from + 4 * i);
    largest = vmaxq_u32(largest, vreinterpretq_u32_f32(vabsq_f32(x[i])));
  }
  const float most = vget_lane_f32(vreinterpret_f32_u32(vdup_n_u32(vmaxvq_u32(largest))), 0);
  GroupHead head{most < kLeastMagnitude ? 0 : most * (1.0F / kIntegerRange), {0, 0}, 0};
  int16x8_t q[4] = {vdupq_n_s16(0), vdupq_n_s16(0), vdupq_n_s16(0), vdupq_n_s16(0)};
  if (most >= kLeastMagnitude && most <= __FLT_MAX__) {
    const float32x4_t factor = vdupq_n_f32(kIntegerRange / kUnit / most);
    for (int i = 0; i < 4; i++) {
      const int32x4_t low = vmulq_n_s32(vcvtnq_s32_f32(vmulq_f32(x[2 * i], factor)), kUnit);
      const int32x4_t high = vmulq_n_s32(vcvtnq_s32_f32(vmulq_f32(x[2 * i + 1], factor)), kUnit);
      q[i] = vcombine_s16(vmovn_s32(low), vmovn_s32(high));
    }
  }
  Order::store(q, out);
  head.sum[0] = vaddlvq_s16(q[0]) + vaddlvq_s16(q[1]);
  head.sum[1] = vaddlvq_s16(q[2]) + vaddlvq_s16(q[3]);
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
