// Looking values up in the packed codebooks of iq_tables.h.
#pragma once

#include <cstdint>

namespace sluice::quant {

// y[j] = +-scale * (byte j of entry), j in [0, n): minus where bit j of `signs` is set.
inline void signed_entry(uint64_t entry, int n, uint32_t signs, float scale, float* y) {
  for (int j = 0; j < n; ++j) {
    const float value = scale * static_cast<float>((entry >> (8 * j)) & 255);
    y[j] = (signs >> j) & 1 ? -value : value;
  }
}

}  // namespace sluice::quant
