// Vectors of several registers of 4 floats: the vector type V of the templates in src/kernels/vector, for NEON as every
// 64-bit ARM processor has it.
#pragma once

#include <arm_neon.h>

#include <cstdint>

#include "kernels/vector/unroll.h"

namespace sluice::kernels::neon {
namespace {

template <int kRegisters>
struct VecOf {
  struct Reg {
    float32x4_t q[kRegisters];
  };
  static constexpr int kLanes = 4 * kRegisters;
  // Of four registers: 16 sums, 8 weights and 4 activations of 32.
  static constexpr int kTileRows = 2, kTileTokens = 2;
  static constexpr int kDeltaRuleVectors = 2;
  // Heads that attention takes at once. Of four registers: times 4 rows, 16 sums; times 2 vectors of columns, likewise.
  static constexpr int kScoreQueries = 1, kValueQueries = 2;

  // f(0), f(1) ... as the registers of a vector.
  template <class F>
  static SLUICE_INLINE Reg each(F&& f) {
    Reg r;
    unroll<kRegisters>([&](auto i) SLUICE_LAMBDA { r.q[i.value] = f(i.value); });
    return r;
  }

  static SLUICE_INLINE Reg zero() { return set1(0); }
  static SLUICE_INLINE Reg set1(float v) {
    return each([&](int) SLUICE_LAMBDA { return vdupq_n_f32(v); });
  }
  static SLUICE_INLINE Reg load(const float* p) {
    return each([&](int i) SLUICE_LAMBDA { return vld1q_f32(p + 4 * i); });
  }
  static SLUICE_INLINE void store(float* p, Reg v) {
    unroll<kRegisters>([&](auto i) SLUICE_LAMBDA { vst1q_f32(p + 4 * i.value, v.q[i.value]); });
  }
  // The first n lanes, 0 < n < kLanes; loads zeros behind and touches no byte behind.
  static SLUICE_INLINE Reg load_n(const float* p, int n) {
    float padded[kLanes] = {};
    for (int i = 0; i < n; i++) padded[i] = p[i];
    return load(padded);
  }
  static SLUICE_INLINE void store_n(float* p, Reg v, int n) {
    float padded[kLanes];
    store(padded, v);
    for (int i = 0; i < n; i++) p[i] = padded[i];
  }
  // The first n lanes of v, the others of `other`.
  static SLUICE_INLINE Reg keep_n(Reg v, Reg other, int n) {
    const int32x4_t first = {0, 1, 2, 3};
    return each([&](int i) SLUICE_LAMBDA {
      return vbslq_f32(vcltq_s32(vaddq_s32(first, vdupq_n_s32(4 * i)), vdupq_n_s32(n)), v.q[i], other.q[i]);
    });
  }

  static SLUICE_INLINE Reg add(Reg a, Reg b) {
    return each([&](int i) SLUICE_LAMBDA { return vaddq_f32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Reg sub(Reg a, Reg b) {
    return each([&](int i) SLUICE_LAMBDA { return vsubq_f32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Reg mul(Reg a, Reg b) {
    return each([&](int i) SLUICE_LAMBDA { return vmulq_f32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Reg div(Reg a, Reg b) {
    return each([&](int i) SLUICE_LAMBDA { return vdivq_f32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Reg fma(Reg a, Reg b, Reg c) {  // a b + c
    return each([&](int i) SLUICE_LAMBDA { return vfmaq_f32(c.q[i], a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Reg max(Reg a, Reg b) {
    return each([&](int i) SLUICE_LAMBDA { return vmaxq_f32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Reg min(Reg a, Reg b) {
    return each([&](int i) SLUICE_LAMBDA { return vminq_f32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Reg round(Reg v) {
    return each([&](int i) SLUICE_LAMBDA { return vrndnq_f32(v.q[i]); });
  }
  static SLUICE_INLINE Reg negative_abs(Reg v) {
    return each([&](int i) SLUICE_LAMBDA { return vnegq_f32(vabsq_f32(v.q[i])); });
  }
  // a < b ? yes : no, by lane.
  static SLUICE_INLINE Reg if_less(Reg a, Reg b, Reg yes, Reg no) {
    return each([&](int i) SLUICE_LAMBDA { return vbslq_f32(vcltq_f32(a.q[i], b.q[i]), yes.q[i], no.q[i]); });
  }
  // v * 2^n for whole n in [-126, 127].
  static SLUICE_INLINE Reg times_pow2(Reg v, Reg n) {
    return each([&](int i) SLUICE_LAMBDA {
      const int32x4_t bits = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n.q[i]), vdupq_n_s32(127)), 23);
      return vmulq_f32(v.q[i], vreinterpretq_f32_s32(bits));
    });
  }
  static SLUICE_INLINE float root(float v) { return vget_lane_f32(vsqrt_f32(vdup_n_f32(v)), 0); }
  static SLUICE_INLINE float hsum(Reg v) {
    const float32x4_t s = halved(v, [](float32x4_t a, float32x4_t b) SLUICE_LAMBDA { return vaddq_f32(a, b); });
    const float32x2_t pair = vadd_f32(vget_low_f32(s), vget_high_f32(s));
    return vget_lane_f32(pair, 0) + vget_lane_f32(pair, 1);
  }
  // scale times the sum of each vector, as hsum takes it.
  static SLUICE_INLINE void store_hsum4(float* p, float scale, Reg a, Reg b, Reg c, Reg d) {
    p[0] = scale * hsum(a);
    p[1] = scale * hsum(b);
    p[2] = scale * hsum(c);
    p[3] = scale * hsum(d);
  }
  static SLUICE_INLINE float hmax(Reg v) {
    return vmaxvq_f32(halved(v, [](float32x4_t a, float32x4_t b) SLUICE_LAMBDA { return vmaxq_f32(a, b); }));
  }

  static SLUICE_INLINE Reg load_i8(const uint8_t* p) {
    return each([&](int i) SLUICE_LAMBDA {
      int32_t four;
      __builtin_memcpy(&four, p + 4 * i, sizeof four);
      const int16x8_t wide = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)));
      return vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
    });
  }
  static SLUICE_INLINE Reg load_f16(const uint8_t* p) {
    return each([&](int i) SLUICE_LAMBDA { return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p + 8 * i))); });
  }
  static SLUICE_INLINE Reg load_bf16(const uint8_t* p) {
    return each([&](int i) SLUICE_LAMBDA {
      return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(p + 8 * i)), 16));
    });
  }

 private:
  // All registers as one: the lower half with the upper half, until one is left.
  template <class F>
  static SLUICE_INLINE float32x4_t halved(Reg v, F&& f) {
    for (int half = kRegisters / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) v.q[i] = f(v.q[i], v.q[i + half]);
    }
    return v.q[0];
  }
};

// Four registers, since large cores finish up to four fused multiply-adds a cycle and need about four cycles for each: 4
// rows times 4 registers are the sixteen sums that keep them busy. The lanes and the tree of hsum are those of
// x86_avx512/vec.h, so the sums of both come out the same to the bit.
using Vec = VecOf<4>;

}  // namespace
}  // namespace sluice::kernels::neon
