// The integer products with plain NEON: 16-bit weights, widened from their bytes, times 16-bit activations into 32 bits.
#include "kernels/vector/fill_integer.h"

#include "kernels/arm_neon/integer_vec.h"
#include "kernels/arm_neon/neon.h"
#include "kernels/arm_neon/quantise.h"

namespace sluice::kernels::neon {
namespace {

struct WideProduct : WordProduct<IntegerVec> {
  using V = IntegerVec;
  using Order = PlainOrder;
  static_assert(V::kRegisters == 2);
  static constexpr int kTokens = 4;
  struct Weights {
    int16x8_t column[4];  // of the 8 rows
  };
  static SLUICE_INLINE void start(V::Int& d0, V::Int& d1, int n) {
    d0 = V::set1_int(n);
    d1 = d0;  // not used: d0 is enough for the few multiplications a cycle of the cores without more
  }
  template <int kMost>
  static SLUICE_INLINE Weights prepare(const V::Int* w) {
    Weights out;
    const uint8x16_t a = V::bytes(w->q[0]), b = V::bytes(w->q[1]);
    const uint16x8_t even = vreinterpretq_u16_u8(vuzp1q_u8(a, b)), odd = vreinterpretq_u16_u8(vuzp2q_u8(a, b));
    const uint16x8_t low = vdupq_n_u16(255);
    out.column[0] = vreinterpretq_s16_u16(vandq_u16(even, low));
    out.column[1] = vreinterpretq_s16_u16(vandq_u16(odd, low));
    out.column[2] = vreinterpretq_s16_u16(vshrq_n_u16(even, 8));
    out.column[3] = vreinterpretq_s16_u16(vshrq_n_u16(odd, 8));
    return out;
  }
  template <int i>
  static SLUICE_INLINE void accumulate(V::Int& d0, V::Int&, const Weights& w, const std::byte* x, Index<i>) {
    const int16x4_t q = vld1_s16(reinterpret_cast<const int16_t*>(x) + 4 * i);
    int32x4_t first = V::signed_of(d0.q[0]), second = V::signed_of(d0.q[1]);
    unroll<4>([&](auto c) SLUICE_LAMBDA {
      first = vmlal_lane_s16(first, vget_low_s16(w.column[c.value]), q, c.value);
      second = vmlal_high_lane_s16(second, w.column[c.value], q, c.value);
    });
    d0 = {{V::unsigned_of(first), V::unsigned_of(second)}};
  }
  static SLUICE_INLINE V::Int join(V::Int d0, V::Int) { return d0; }
};

}  // namespace

void fill_integer(KernelTable& table) {
  kernels::fill_integer<IntegerVec, WideProduct>(table, quantise<WideProduct::Order>, quantise<WideProduct::Order, kCoarseUnit>);
}

}  // namespace sluice::kernels::neon
