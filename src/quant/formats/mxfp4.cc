// MXFP4 (OCP Microscaling): 32 E2M1 elements under one power-of-two scale. Layout: docs/qwen3_5_moe.md, section 6.
#include "quant/formats/block.h"
#include "quant/formats/formats.h"
#include "quant/formats/iq_tables.h"

namespace sluice::quant {
namespace {

// 2^(e - 128): half the E8M0 scale, because kFp4Values holds doubled values. e of 0 and 1 give float32 subnormals.
float half_scale(uint32_t e) {
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1) << 23);
}

void mxfp4(const uint8_t* b, float* y) {  // e, qs[16]
  const float scale = half_scale(b[0]);
  const uint8_t* qs = b + 1;
  for (int j = 0; j < 16; ++j) {
    y[j] = scale * static_cast<float>(kFp4Values[qs[j] & 15]);
    y[j + 16] = scale * static_cast<float>(kFp4Values[qs[j] >> 4]);
  }
}

}  // namespace

void decode_mxfp4(const Matrix& m, int64_t r, float* out) {
  decode_blocks<32, 17, mxfp4>(m, r, out);
}

}  // namespace sluice::quant
