// IQ2_XXS, IQ2_XS, IQ2_S: eight magnitudes at a time from a codebook, signs apart. Layouts: docs/qwen3_5_moe.md,
// section 6, and the README of the test vectors (tests/data/quant).
#include "quant/formats/block.h"
#include "quant/formats/codebook.h"
#include "quant/formats/formats.h"
#include "quant/formats/iq_tables.h"

namespace sluice::quant {
namespace {

float group_scale(float d, uint32_t nibble) {
  return d * (0.5f + static_cast<float>(nibble)) * 0.25f;
}

void iq2_xxs(const uint8_t* b, float* y) {  // d, then for 32 elements: grid index[4], u32 signs 4 x 7 and scale
  const float d = load_f16(b);
  for (int group = 0; group < 8; ++group) {
    const uint8_t* index = b + 2 + 8 * group;
    const auto s = load<uint32_t>(index + 4);
    const float scale = group_scale(d, s >> 28);
    for (int l = 0; l < 4; ++l) {
      signed_entry(kIq2XxsGrid[index[l]], 8, kIq2Signs[(s >> (7 * l)) & 127], scale, y + 32 * group + 8 * l);
    }
  }
}

void iq2_xs(const uint8_t* b, float* y) {  // d, u16 qs[32]: grid index 9 bits, signs 7; scales[8]: a nibble for 16
  const float d = load_f16(b);
  for (int i = 0; i < 32; ++i) {
    const uint32_t q = load<uint16_t>(b + 2 + 2 * i);
    const float scale = group_scale(d, (b[66 + i / 4] >> (4 * (i / 2 % 2))) & 15u);
    signed_entry(kIq2XsGrid[q & 511], 8, kIq2Signs[q >> 9], scale, y + 8 * i);
  }
}

void iq2_s(const uint8_t* b, float* y) {  // d, index[32], signs[32], qh[8]: bits 8 and 9 of the index, scales[8]
  const float d = load_f16(b);
  for (int i = 0; i < 32; ++i) {
    const uint32_t high = (b[66 + i / 4] >> (2 * (i % 4))) & 3u;
    const float scale = group_scale(d, (b[74 + i / 4] >> (4 * (i / 2 % 2))) & 15u);
    signed_entry(kIq2SGrid[b[2 + i] | high << 8], 8, b[34 + i], scale, y + 8 * i);
  }
}

}  // namespace

void decode_iq2_xxs(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 66, iq2_xxs>(m, r, out);
}
void decode_iq2_xs(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 74, iq2_xs>(m, r, out);
}
void decode_iq2_s(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 82, iq2_s>(m, r, out);
}

}  // namespace sluice::quant
