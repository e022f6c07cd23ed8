// The integer products with SDOT: four signed weight bytes times four signed activation bytes, summed into 32 bits, once
// for the activations' upper bytes and once for the lower ones. Weights above 127 are taken 128 lower.
#include "kernels/vector/fill_integer.h"

#include "kernels/arm_dotprod/dotprod.h"
#include "kernels/arm_neon/integer_vec.h"
#include "kernels/arm_neon/quantise.h"

namespace sluice::kernels::dotprod {
namespace {

struct SignedProduct : WordProduct<neon::IntegerVec> {
  using V = neon::IntegerVec;
  using Order = PlaneOrder;
  static constexpr int kTokens = 4;
  static constexpr int less(int most) { return most > 127 ? 128 : 0; }
  struct Weights {
    int8x16_t q[V::kRegisters];
  };
  template <int kMost>
  static SLUICE_INLINE Weights prepare(const V::Int* w) {
    Weights out;
    for (int r = 0; r < V::kRegisters; r++) {
      const uint8x16_t v = V::bytes(w->q[r]);
      out.q[r] = vreinterpretq_s8_u8(less(kMost) == 0 ? v : veorq_u8(v, vdupq_n_u8(128)));
    }
    return out;
  }
  template <int i>
  static SLUICE_INLINE void accumulate(V::Int& d0, V::Int& d1, const Weights& w, const std::byte* x, Index<i>) {
    // 16 columns a register; the lane names the four of word i.
    const int8x16_t upper = vld1q_s8(reinterpret_cast<const int8_t*>(x) + i / 4 * 16);
    const int8x16_t lower = vld1q_s8(reinterpret_cast<const int8_t*>(x) + 32 + i / 4 * 16);
    for (int r = 0; r < V::kRegisters; r++) {
      d0.q[r] = V::unsigned_of(vdotq_laneq_s32(V::signed_of(d0.q[r]), w.q[r], upper, i % 4));
      d1.q[r] = V::unsigned_of(vdotq_laneq_s32(V::signed_of(d1.q[r]), w.q[r], lower, i % 4));
    }
  }
  static SLUICE_INLINE V::Int join(V::Int d0, V::Int d1) { return V::add_int(V::shift_left<8>(d0), d1); }
};

}  // namespace

void fill(KernelTable& table) {
  table.name = {"dotprod", sizeof("dotprod") - 1};
  fill_integer<neon::IntegerVec, SignedProduct>(table, quantise<SignedProduct::Order>, quantise<SignedProduct::Order, kCoarseUnit>);
}

}  // namespace sluice::kernels::dotprod
