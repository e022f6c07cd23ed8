// Where the rows of a matrix begin.
#pragma once

#include <cstdint>

#include "kernels/vector/unroll.h"
#include "quant/format.h"

namespace sluice::kernels {
namespace {

// Row r of a format whose rows are runs of kBytes-byte blocks of kBlock columns.
template <int kBlock, int kBytes>
SLUICE_INLINE const uint8_t* row_start(const quant::Matrix& m, int64_t r) {
  return reinterpret_cast<const uint8_t*>(m.data) + r * (m.cols / kBlock) * kBytes;
}

}  // namespace
}  // namespace sluice::kernels
