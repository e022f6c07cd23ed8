// IQ4_NL and IQ4_XS: 4-bit indices into sixteen unevenly spaced values. Layouts: docs/qwen3_5_moe.md, section 6.
#include "quant/formats/block.h"
#include "quant/formats/formats.h"
#include "quant/formats/iq_tables.h"

namespace sluice::quant {
namespace {

// 32 elements: low nibbles are the first 16.
void nibbles(const uint8_t* qs, float scale, float* y) {
  for (int j = 0; j < 16; ++j) {
    y[j] = scale * static_cast<float>(kIq4NlValues[qs[j] & 15]);
    y[j + 16] = scale * static_cast<float>(kIq4NlValues[qs[j] >> 4]);
  }
}

void iq4_nl(const uint8_t* b, float* y) {
  nibbles(b + 2, load_f16(b), y);
}  // d, qs[16]

void iq4_xs(const uint8_t* b, float* y) {  // d, u16 scales_h, scales_l[4], qs[128]
  const float d = load_f16(b);
  const int scales_h = load<uint16_t>(b + 2);
  for (int group = 0; group < 8; ++group) {
    const int low = (b[4 + group / 2] >> (4 * (group % 2))) & 15;
    const int scale = (low | ((scales_h >> (2 * group)) & 3) << 4) - 32;
    nibbles(b + 8 + 16 * group, d * static_cast<float>(scale), y + 32 * group);
  }
}

}  // namespace

void decode_iq4_nl(const Matrix& m, int64_t r, float* out) {
  decode_blocks<32, 18, iq4_nl>(m, r, out);
}
void decode_iq4_xs(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 136, iq4_xs>(m, r, out);
}

}  // namespace sluice::quant
