// Byte and 32-bit integer work on 8 rows at once, for the tile builders and products of src/kernels/vector/integer_*.h.
#pragma once

#include "kernels/arm_neon/vec.h"
#include "kernels/vector/integer_tile.h"

namespace sluice::kernels::neon {
namespace {

struct IntegerVec : VecOf<2> {  // two registers, so that a block's words and the sums of two groups fit the 32
  static constexpr int kRegisters = kLanes / 4;
  struct Int {  // lanes of 32 bits
    uint32x4_t q[kRegisters];
  };

  template <class F>
  static SLUICE_INLINE Int each_int(F&& f) {
    Int r;
    unroll<kRegisters>([&](auto i) SLUICE_LAMBDA { r.q[i.value] = f(i.value); });
    return r;
  }
  static SLUICE_INLINE uint8x16_t bytes(uint32x4_t v) { return vreinterpretq_u8_u32(v); }
  static SLUICE_INLINE uint32x4_t lanes(uint8x16_t v) { return vreinterpretq_u32_u8(v); }
  static SLUICE_INLINE int32x4_t signed_of(uint32x4_t v) { return vreinterpretq_s32_u32(v); }
  static SLUICE_INLINE uint32x4_t unsigned_of(int32x4_t v) { return vreinterpretq_u32_s32(v); }

  static SLUICE_INLINE Int set1_int(int v) {
    return each_int([&](int) SLUICE_LAMBDA { return vdupq_n_u32(static_cast<uint32_t>(v)); });
  }
  static SLUICE_INLINE Int set_bytes(int v) {
    return each_int([&](int) SLUICE_LAMBDA { return lanes(vdupq_n_u8(static_cast<uint8_t>(v))); });
  }
  static SLUICE_INLINE Int bit_and(Int a, Int b) {
    return each_int([&](int i) SLUICE_LAMBDA { return vandq_u32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Int bit_or(Int a, Int b) {
    return each_int([&](int i) SLUICE_LAMBDA { return vorrq_u32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Int bit_xor(Int a, Int b) {
    return each_int([&](int i) SLUICE_LAMBDA { return veorq_u32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Int add_int(Int a, Int b) {
    return each_int([&](int i) SLUICE_LAMBDA { return vaddq_u32(a.q[i], b.q[i]); });
  }
  static SLUICE_INLINE Int sub_bytes(Int a, Int b) {
    return each_int([&](int i) SLUICE_LAMBDA { return lanes(vsubq_u8(bytes(a.q[i]), bytes(b.q[i]))); });
  }
  static SLUICE_INLINE Int multiply(Int a, Int b) {
    return each_int([&](int i) SLUICE_LAMBDA { return vmulq_u32(a.q[i], b.q[i]); });
  }
  // Logical shifts of each 16-bit half, then of each lane. No instruction shifts right by 0.
  template <int k>
  static SLUICE_INLINE Int shift_right16(Int v) {
    if constexpr (k == 0) return v;
    return each_int([&](int i) SLUICE_LAMBDA {
      return vreinterpretq_u32_u16(vshrq_n_u16(vreinterpretq_u16_u32(v.q[i]), k == 0 ? 1 : k));
    });
  }
  template <int k>
  static SLUICE_INLINE Int shift_left16(Int v) {
    return each_int([&](int i) SLUICE_LAMBDA {
      return vreinterpretq_u32_u16(vshlq_n_u16(vreinterpretq_u16_u32(v.q[i]), k));
    });
  }
  template <int k>
  static SLUICE_INLINE Int shift_right(Int v) {
    if constexpr (k == 0) return v;
    return each_int([&](int i) SLUICE_LAMBDA { return vshrq_n_u32(v.q[i], k == 0 ? 1 : k); });
  }
  template <int k>
  static SLUICE_INLINE Int shift_left(Int v) {
    return each_int([&](int i) SLUICE_LAMBDA { return vshlq_n_u32(v.q[i], k); });
  }
  // Zero where the shift is 32 to 127.
  static SLUICE_INLINE Int shift_left_each(Int v, Int by) {
    return each_int([&](int i) SLUICE_LAMBDA { return vshlq_u32(v.q[i], vreinterpretq_s32_u32(by.q[i])); });
  }
  // a > b ? yes : no, by lane.
  static SLUICE_INLINE Int if_greater(Int a, Int b, Int yes, Int no) {
    return each_int([&](int i) SLUICE_LAMBDA {
      const uint32x4_t greater = vcgtq_s32(signed_of(a.q[i]), signed_of(b.q[i]));
      return vbslq_u32(greater, yes.q[i], no.q[i]);
    });
  }
  static SLUICE_INLINE Reg as_float(Int v) {
    return each([&](int i) SLUICE_LAMBDA { return vreinterpretq_f32_u32(v.q[i]); });
  }
  static SLUICE_INLINE Reg to_float(Int v) {
    return each([&](int i) SLUICE_LAMBDA { return vcvtq_f32_s32(signed_of(v.q[i])); });
  }
  // Byte i of each lane.
  template <int i>
  static SLUICE_INLINE Int byte_of(Int v) { return bit_and(shift_right<8 * i>(v), set1_int(255)); }
  template <int i>
  static SLUICE_INLINE Int signed_byte_of(Int v) {
    return each_int([&](int r) SLUICE_LAMBDA {
      return unsigned_of(vshrq_n_s32(signed_of(vshlq_n_u32(v.q[r], 24 - 8 * i)), 24));
    });
  }
  // The half float in the lower (upper) half of each lane.
  static SLUICE_INLINE Reg half_low(Int v) {
    return each([&](int i) SLUICE_LAMBDA { return vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(v.q[i]))); });
  }
  static SLUICE_INLINE Reg half_high(Int v) {
    return each([&](int i) SLUICE_LAMBDA { return vcvt_f32_f16(vreinterpret_f16_u16(vshrn_n_u32(v.q[i], 16))); });
  }

  static SLUICE_INLINE Int repeat16(const uint8_t* p) {
    return each_int([&](int) SLUICE_LAMBDA { return lanes(vld1q_u8(p)); });
  }
  // values[q] for each byte q < 16.
  static SLUICE_INLINE Int look_up(Int values, Int q) {
    return each_int([&](int i) SLUICE_LAMBDA { return lanes(vqtbl1q_u8(bytes(values.q[i]), bytes(q.q[i]))); });
  }
  // Per lane with bytes a0..a3 and b0..b3: first = a0 b0 a1 b1, second = a2 b2 a3 b3.
  static SLUICE_INLINE void interleave_bytes(Int a, Int b, Int& first, Int& second) {
    for (int i = 0; i < kRegisters; i++) {
      const uint32x4_t low = lanes(vzip1q_u8(bytes(a.q[i]), bytes(b.q[i])));
      const uint32x4_t high = lanes(vzip2q_u8(bytes(a.q[i]), bytes(b.q[i])));
      first.q[i] = vuzp1q_u32(low, high);
      second.q[i] = vuzp2q_u32(low, high);
    }
  }

  // The 32-bit word at each row's place.
  static SLUICE_INLINE Int words(const Rows& r) {
    return each_int([&](int i) SLUICE_LAMBDA {
      const uint8_t* p = r.first + 4 * i * r.stride;
      uint32x4_t v = vdupq_n_u32(word(p));
      v = vsetq_lane_u32(word(p + r.stride), v, 1);
      v = vsetq_lane_u32(word(p + 2 * r.stride), v, 2);
      return vsetq_lane_u32(word(p + 3 * r.stride), v, 3);
    });
  }
  // The 16-bit word at each row's place; zeros above.
  static SLUICE_INLINE Int half_words(const Rows& r) {
    return each_int([&](int i) SLUICE_LAMBDA {
      const uint8_t* p = r.first + 4 * i * r.stride;
      uint32x4_t v = vdupq_n_u32(half_word(p));
      v = vsetq_lane_u32(half_word(p + r.stride), v, 1);
      v = vsetq_lane_u32(half_word(p + 2 * r.stride), v, 2);
      return vsetq_lane_u32(half_word(p + 3 * r.stride), v, 3);
    });
  }
  // out[j] = word j of each row's next 8 bytes.
  static SLUICE_INLINE void columns2(const Rows& r, Int* out) {
    for (int i = 0; i < kRegisters; i++) {
      const uint8_t* p = r.first + 4 * i * r.stride;
      const uint32x4_t ab = lanes(vcombine_u8(vld1_u8(p), vld1_u8(p + r.stride)));
      const uint32x4_t cd = lanes(vcombine_u8(vld1_u8(p + 2 * r.stride), vld1_u8(p + 3 * r.stride)));
      out[0].q[i] = vuzp1q_u32(ab, cd);
      out[1].q[i] = vuzp2q_u32(ab, cd);
    }
  }
  // out[j] = word j of each row's next 16 bytes.
  static SLUICE_INLINE void columns4(const Rows& r, Int* out) {
    for (int i = 0; i < kRegisters; i++) {
      const uint8_t* p = r.first + 4 * i * r.stride;
      const uint64x2_t a = pairs(p), b = pairs(p + r.stride), c = pairs(p + 2 * r.stride), d = pairs(p + 3 * r.stride);
      const uint64x2_t ab0 = first_of(a, b), ab1 = second_of(a, b), cd0 = first_of(c, d), cd1 = second_of(c, d);
      out[0].q[i] = vreinterpretq_u32_u64(vtrn1q_u64(ab0, cd0));
      out[1].q[i] = vreinterpretq_u32_u64(vtrn1q_u64(ab1, cd1));
      out[2].q[i] = vreinterpretq_u32_u64(vtrn2q_u64(ab0, cd0));
      out[3].q[i] = vreinterpretq_u32_u64(vtrn2q_u64(ab1, cd1));
    }
  }
  // out[j] = word j of each row's next 32 bytes.
  static SLUICE_INLINE void columns8(const Rows& r, Int* out) {
    columns4(r, out);
    columns4(r.at(16), out + 4);
  }

 private:
  static SLUICE_INLINE uint32_t word(const uint8_t* p) {
    uint32_t v;
    __builtin_memcpy(&v, p, sizeof(v));
    return v;
  }
  static SLUICE_INLINE uint32_t half_word(const uint8_t* p) {
    uint16_t v;
    __builtin_memcpy(&v, p, sizeof(v));
    return v;
  }
  static SLUICE_INLINE uint64x2_t pairs(const uint8_t* p) { return vreinterpretq_u64_u8(vld1q_u8(p)); }
  // Words 0 and 2 (1 and 3) of a and b in turn: a0 b0 a2 b2.
  static SLUICE_INLINE uint64x2_t first_of(uint64x2_t a, uint64x2_t b) {
    return vreinterpretq_u64_u32(vtrn1q_u32(vreinterpretq_u32_u64(a), vreinterpretq_u32_u64(b)));
  }
  static SLUICE_INLINE uint64x2_t second_of(uint64x2_t a, uint64x2_t b) {
    return vreinterpretq_u64_u32(vtrn2q_u32(vreinterpretq_u32_u64(a), vreinterpretq_u32_u64(b)));
  }
};

}  // namespace
}  // namespace sluice::kernels::neon
