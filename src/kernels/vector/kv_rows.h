// Head rows of keys or values (formats: kernels/kv_rows.h) as vectors of floats, for any vector type V.
#pragma once

#include "kernels/kernel_table.h"
#include "kernels/vector/unroll.h"

namespace sluice::kernels {
namespace {

// Rows at fixed strides of `kFormat`; row r at data + r * stride, element 0 of it being `column` of the head.
template <class V, KvFormat kFormat>
struct KvRows {
  const std::byte* data;
  int64_t stride;    // bytes
  int64_t head_dim;

  SLUICE_INLINE typename V::Reg load(int64_t r, int64_t i) const {
    const std::byte* row = data + r * stride;
    if constexpr (kFormat == KvFormat::f32) return V::load(reinterpret_cast<const float*>(row) + i);
    if constexpr (kFormat == KvFormat::f16) return V::load_f16(bytes(row + 2 * i));
    if constexpr (kFormat == KvFormat::q8) return V::mul(scale(row, i), V::load_i8(bytes(row + i)));
  }
  // The first `lanes` of a vector, 0 behind.
  SLUICE_INLINE typename V::Reg load_n(int64_t r, int64_t i, int lanes) const {
    const std::byte* row = data + r * stride;
    if constexpr (kFormat == KvFormat::f32) return V::load_n(reinterpret_cast<const float*>(row) + i, lanes);
    alignas(64) std::byte part[64] = {};
    if constexpr (kFormat == KvFormat::f16) {
      copy(row + 2 * i, 2 * lanes, part);
      return V::load_f16(bytes(part));
    }
    if constexpr (kFormat == KvFormat::q8) {
      copy(row + i, lanes, part);
      return V::mul(scale(row, i), V::load_i8(bytes(part)));
    }
  }
  // Asks for what load(r, i) will want 24 rows later: rows that stand apart are no stream to the processor, and waiting
  // for memory would come on top of the arithmetic. To be called for every vector of a row.
  SLUICE_INLINE void fetch_ahead(int64_t r, int64_t i) const {
    constexpr int64_t kAhead = 24, kLine = 64, kSize = kFormat == KvFormat::f32 ? 4 : kFormat == KvFormat::f16 ? 2 : 1;
    if (V::kLanes * kSize < kLine && i * kSize % kLine != 0) return;
    prefetch_here(bytes(data + (r + kAhead) * stride + kSize * i));
  }

 private:
  static SLUICE_INLINE const uint8_t* bytes(const std::byte* p) { return reinterpret_cast<const uint8_t*>(p); }
  static SLUICE_INLINE void copy(const std::byte* from, int n, std::byte* to) {
    for (int i = 0; i < n; i++) to[i] = from[i];
  }
  SLUICE_INLINE typename V::Reg scale(const std::byte* row, int64_t i) const {
    float s;
    __builtin_memcpy(&s, row + (head_dim + 3) / 4 * 4 + i / kKvBlock * 4, sizeof s);
    return V::set1(s);
  }
};

}  // namespace
}  // namespace sluice::kernels
