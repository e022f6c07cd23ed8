// IQ1_S and IQ1_M: eight values of -1, 0, 1 at a time from a codebook, all moved by +-1/8. Layouts:
// docs/qwen3_5_moe.md, section 6; the meaning of the bits was checked on the test vectors (tests/data/quant).
#include "quant/formats/block.h"
#include "quant/formats/formats.h"
#include "quant/formats/iq_tables.h"

namespace sluice::quant {
namespace {

constexpr float kDelta = 0.125f;

void entry(uint32_t index, float scale, bool minus, float* y) {
  const float delta = minus ? -kDelta : kDelta;
  for (int j = 0; j < 8; ++j) {
    const auto value = static_cast<int8_t>(kIq1SGrid[index] >> (8 * j));
    y[j] = scale * (static_cast<float>(value) + delta);
  }
}

// d, index[32], u16 qh[8]: for 32 elements, 4 x 3 high bits of the index, 3 bits of scale, 1 sign of the delta.
void iq1_s(const uint8_t* b, float* y) {
  const float d = load_f16(b);
  for (int group = 0; group < 8; ++group) {
    const uint32_t qh = load<uint16_t>(b + 34 + 2 * group);
    const float scale = d * static_cast<float>(2 * ((qh >> 12) & 7) + 1);
    for (int l = 0; l < 4; ++l) {
      const uint32_t high = (qh >> (3 * l)) & 7;
      entry(b[2 + 4 * group + l] | high << 8, scale, qh >> 15, y + 32 * group + 8 * l);
    }
  }
}

// index[32], qh[16]: a nibble for 8 elements, 3 high bits of the index and the sign of the delta; u16 scales[4]: 3 bits
// for 16 elements, and in their top nibbles the f16 d, low nibble first.
void iq1_m(const uint8_t* b, float* y) {
  uint32_t scales[4];
  uint32_t d_bits = 0;
  for (int i = 0; i < 4; ++i) {
    scales[i] = load<uint16_t>(b + 48 + 2 * i);
    d_bits |= scales[i] >> 12 << (4 * i);
  }
  const float d = f16_to_f32(static_cast<uint16_t>(d_bits));
  for (int i = 0; i < 32; ++i) {
    const uint32_t nibble = (b[32 + i / 2] >> (4 * (i % 2))) & 15u;
    const uint32_t three_bits = (scales[i / 8] >> (3 * (i / 2 % 4))) & 7;
    entry(b[i] | (nibble & 7) << 8, d * static_cast<float>(2 * three_bits + 1), nibble & 8, y + 8 * i);
  }
}

}  // namespace

void decode_iq1_s(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 50, iq1_s>(m, r, out);
}
void decode_iq1_m(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 56, iq1_m>(m, r, out);
}

}  // namespace sluice::quant
