// The integer products with USMMLA: a 2 x 8 matrix of unsigned weight bytes (two rows) times the transpose of a 2 x 8
// matrix of signed bytes, added to a 2 x 2 matrix of 32-bit sums. The two rows of the right side are the upper and the
// lower bytes of one token's activations, so one token already fills the instruction.
#include "kernels/vector/fill_integer.h"

#include "kernels/arm_i8mm/i8mm.h"
#include "kernels/arm_neon/integer_vec.h"
#include "kernels/arm_neon/quantise.h"

namespace sluice::kernels::i8mm {
namespace {

struct MatrixProduct {
  using V = neon::IntegerVec;
  using Order = RowPairOrder;
  static constexpr int kTokens = 4, kWords = 2, kDirect = 1;
  static constexpr int less(int) { return 0; }
  struct Weights {
    uint8x16_t low[V::kRegisters], high[V::kRegisters];  // 8 columns of rows 4r and 4r + 1, of rows 4r + 2 and 4r + 3
  };
  // Lanes of d0.q[r]: the sums of row 4r with the upper and the lower bytes, then those of row 4r + 1. d1: the next two.
  static SLUICE_INLINE void start(V::Int& d0, V::Int& d1, int n) {
    const uint32x4_t v = vreinterpretq_u32_u64(vshlq_n_u64(vdupq_n_u64(static_cast<uint32_t>(n)), 32));
    d0 = V::each_int([&](int) SLUICE_LAMBDA { return v; });
    d1 = d0;
  }
  template <int kMost>
  static SLUICE_INLINE Weights prepare(const V::Int* w) {
    Weights out;
    for (int r = 0; r < V::kRegisters; r++) {
      out.low[r] = V::bytes(vzip1q_u32(w[0].q[r], w[1].q[r]));
      out.high[r] = V::bytes(vzip2q_u32(w[0].q[r], w[1].q[r]));
    }
    return out;
  }
  template <int i>
  static SLUICE_INLINE void accumulate(V::Int& d0, V::Int& d1, const Weights& w, const std::byte* x, Index<i>) {
    const int8x16_t q = vld1q_s8(reinterpret_cast<const int8_t*>(x) + 8 * i);
    for (int r = 0; r < V::kRegisters; r++) {
      d0.q[r] = V::unsigned_of(vusmmlaq_s32(V::signed_of(d0.q[r]), w.low[r], q));
      d1.q[r] = V::unsigned_of(vusmmlaq_s32(V::signed_of(d1.q[r]), w.high[r], q));
    }
  }
  static SLUICE_INLINE V::Int join(V::Int d0, V::Int d1) {
    return V::each_int([&](int r) SLUICE_LAMBDA {
      const uint32x4_t upper = vuzp1q_u32(d0.q[r], d1.q[r]), lower = vuzp2q_u32(d0.q[r], d1.q[r]);
      return vaddq_u32(vshlq_n_u32(upper, 8), lower);
    });
  }
};

}  // namespace

void fill(KernelTable& table) {
  table.name = {"i8mm", sizeof("i8mm") - 1};
  fill_integer<neon::IntegerVec, MatrixProduct>(table, quantise<MatrixProduct::Order>, quantise<MatrixProduct::Order, kCoarseUnit>);
}

}  // namespace sluice::kernels::i8mm
