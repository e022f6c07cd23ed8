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

void mxfp4(const uint8_t* b, int16_t* q, float* scale, float*) {  // e, qs[16]
  *scale = half_scale(b[0]);
  for (int j = 0; j < 16; ++j) {
    q[j] = kFp4Values[b[1 + j] & 15];
    q[j + 16] = kFp4Values[b[1 + j] >> 4];
  }
}

using Mxfp4 = Splitting<32, 17, 32, false, mxfp4>;

}  // namespace

void decode_mxfp4(const Matrix& m, int64_t r, float* out) {
  Mxfp4::decode_row(m, r, out);
}
void split_mxfp4(const Matrix& m, int64_t r, const Integers& out) {
  Mxfp4::split_row(m, r, out);
}

}  // namespace sluice::quant
