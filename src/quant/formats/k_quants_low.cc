// Q2_K and Q3_K: 256 elements in 16 groups of 16, each group under a small scale of its own. Layouts:
// docs/qwen3_5_moe.md, section 6. Element 128n + 32j + l has its low two bits at bit 2j of qs[32n + l].
#include "quant/formats/block.h"
#include "quant/formats/formats.h"

namespace sluice::quant {
namespace {

void q2_k(const uint8_t* b, float* y) {  // scales[16], qs[64], d, dmin
  const uint8_t* qs = b + 16;
  const float d = load_f16(b + 80);
  const float dmin = load_f16(b + 82);
  for (int group = 0; group < 16; ++group) {
    const float scale = d * static_cast<float>(b[group] & 15);
    const float minimum = dmin * static_cast<float>(b[group] >> 4);
    const uint8_t* q = qs + 32 * (group / 8) + 16 * (group % 2);
    const int shift = 2 * (group / 2 % 4);
    for (int l = 0; l < 16; ++l) y[16 * group + l] = scale * static_cast<float>((q[l] >> shift) & 3) - minimum;
  }
}

// The group's 6-bit scale: low nibbles in bytes 0..7, high bit pairs in bytes 8..11.
int q3_k_scale(const uint8_t* scales, int group) {
  const int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
  const int high = (scales[8 + group % 4] >> (2 * (group / 4))) & 3;
  return (low | high << 4) - 32;
}

void q3_k(const uint8_t* b, float* y) {  // hmask[32], qs[64], scales[12], d
  const float d = load_f16(b + 108);
  for (int group = 0; group < 16; ++group) {
    const float scale = d * static_cast<float>(q3_k_scale(b + 96, group));
    const int half = 16 * (group % 2);
    const uint8_t* hmask = b + half;
    const uint8_t* q = b + 32 + 32 * (group / 8) + half;
    const int shift = 2 * (group / 2 % 4);
    const int high_bit = group / 2;
    for (int l = 0; l < 16; ++l) {
      const int minus = (hmask[l] >> high_bit) & 1 ? 0 : 4;
      y[16 * group + l] = scale * static_cast<float>(((q[l] >> shift) & 3) - minus);
    }
  }
}

}  // namespace

void decode_q2_k(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 84, q2_k>(m, r, out);
}
void decode_q3_k(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 110, q3_k>(m, r, out);
}

}  // namespace sluice::quant
