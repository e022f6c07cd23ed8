// IQ3_XXS and IQ3_S: four magnitudes at a time from a codebook, signs apart. Layouts: docs/qwen3_5_moe.md, section 6,
// and the README of the test vectors (tests/data/quant).
#include "quant/formats/block.h"
#include "quant/formats/codebook.h"
#include "quant/formats/formats.h"
#include "quant/formats/iq_tables.h"

namespace sluice::quant {
namespace {

void iq3_xxs(const uint8_t* b, float* y) {  // d, index[64], then for 32 elements: u32 signs 4 x 7 and scale
  const float d = load_f16(b);
  for (int group = 0; group < 8; ++group) {
    const uint8_t* index = b + 2 + 8 * group;
    const auto s = load<uint32_t>(b + 66 + 4 * group);
    const float scale = d * (0.5f + static_cast<float>(s >> 28)) * 0.5f;
    for (int l = 0; l < 8; ++l) {
      const uint32_t signs = kIq2Signs[(s >> (7 * (l / 2))) & 127];
      signed_entry(kIq3XxsGrid[index[l]], 4, signs >> (4 * (l % 2)), scale, y + 32 * group + 4 * l);
    }
  }
}

void iq3_s(const uint8_t* b, float* y) {  // d, index[64], qh[8]: bit 8 of the index, signs[32], scales[4]: nibbles
  const float d = load_f16(b);
  for (int i = 0; i < 64; ++i) {
    const int group = i / 8;
    const uint32_t high = (b[66 + group] >> (i % 8)) & 1u;
    const int nibble = (b[106 + group / 2] >> (4 * (group % 2))) & 15;
    const float scale = d * static_cast<float>(1 + 2 * nibble);
    signed_entry(kIq3SGrid[b[2 + i] | high << 8], 4, b[74 + i / 2] >> (4 * (i % 2)), scale, y + 4 * i);
  }
}

}  // namespace

void decode_iq3_xxs(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 98, iq3_xxs>(m, r, out);
}
void decode_iq3_s(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 110, iq3_s>(m, r, out);
}

}  // namespace sluice::quant
