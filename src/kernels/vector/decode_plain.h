// Row decoders (contract: vector/matmul.h) for F32, F16 and BF16: any number of columns.
#pragma once

#include <cstdint>

#include "kernels/vector/row.h"
#include "kernels/vector/unroll.h"
#include "quant/format.h"

namespace sluice::kernels {
namespace {

enum class Plain { f32, f16, bf16 };

template <class V, Plain kType>
struct DecodePlain {
  static constexpr int kSize = kType == Plain::f32 ? 4 : 2;
  static constexpr int kBlock = V::kLanes, kBytes = kBlock * kSize;
  static constexpr bool kTail = true;
  const uint8_t* row;

  void open(const quant::Matrix& m, int64_t r) { row = row_start<1, kSize>(m, r); }

  static SLUICE_INLINE typename V::Reg convert(const uint8_t* p) {
    if constexpr (kType == Plain::f16) return V::load_f16(p);
    if constexpr (kType == Plain::bf16) return V::load_bf16(p);
    return V::load(reinterpret_cast<const float*>(p));
  }
  template <class Sink>
  SLUICE_INLINE void block(int64_t b, Sink&& sink) const {
    sink(0, convert(row + b * kBytes));
  }
  SLUICE_INLINE typename V::Reg tail(int64_t column, int n) const {
    alignas(64) uint8_t padded[kBytes] = {};  // all-zero bytes are 0.0 in each type
    __builtin_memcpy(padded, row + column * kSize, static_cast<unsigned>(n) * kSize);
    return convert(padded);
  }
};

}  // namespace
}  // namespace sluice::kernels
