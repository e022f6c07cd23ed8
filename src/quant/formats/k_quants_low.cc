// Q2_K and Q3_K: 256 elements in 16 groups of 16, each group under a small scale of its own. Layouts:
// docs/qwen3_5_moe.md, section 6. Element 128n + 32j + l has its low two bits at bit 2j of qs[32n + l].
#include "quant/formats/block.h"
#include "quant/formats/formats.h"

namespace sluice::quant {
namespace {

void q2_k(const uint8_t* b, int16_t* q, float* scale, float* offset) {  // scales[16], qs[64], d, dmin
  const uint8_t* qs = b + 16;
  const float d = load_f16(b + 80);
  const float dmin = load_f16(b + 82);
  for (int group = 0; group < 16; ++group) {
    scale[group] = d * static_cast<float>(b[group] & 15);
    offset[group] = -(dmin * static_cast<float>(b[group] >> 4));
    const uint8_t* two = qs + 32 * (group / 8) + 16 * (group % 2);
    const int shift = 2 * (group / 2 % 4);
    for (int l = 0; l < 16; ++l) q[16 * group + l] = (two[l] >> shift) & 3;
  }
}

// The group's 6-bit scale: low nibbles in bytes 0..7, high bit pairs in bytes 8..11.
int q3_k_scale(const uint8_t* scales, int group) {
  const int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
  const int high = (scales[8 + group % 4] >> (2 * (group / 4))) & 3;
  return (low | high << 4) - 32;
}

void q3_k(const uint8_t* b, int16_t* q, float* scale, float*) {  // hmask[32], qs[64], scales[12], d
  const float d = load_f16(b + 108);
  for (int group = 0; group < 16; ++group) {
    scale[group] = d * static_cast<float>(q3_k_scale(b + 96, group));
    const int half = 16 * (group % 2);
    const uint8_t* hmask = b + half;
    const uint8_t* two = b + 32 + 32 * (group / 8) + half;
    const int shift = 2 * (group / 2 % 4);
    const int high_bit = group / 2;
    for (int l = 0; l < 16; ++l) {
      const int minus = (hmask[l] >> high_bit) & 1 ? 0 : 4;
      q[16 * group + l] = static_cast<int16_t>(((two[l] >> shift) & 3) - minus);
    }
  }
}

using Q2K = Splitting<256, 84, 16, true, q2_k>;
using Q3K = Splitting<256, 110, 16, false, q3_k>;

}  // namespace

void decode_q2_k(const Matrix& m, int64_t r, float* out) {
  Q2K::decode_row(m, r, out);
}
void split_q2_k(const Matrix& m, int64_t r, const Integers& out) {
  Q2K::split_row(m, r, out);
}
void decode_q3_k(const Matrix& m, int64_t r, float* out) {
  Q3K::decode_row(m, r, out);
}
void split_q3_k(const Matrix& m, int64_t r, const Integers& out) {
  Q3K::split_row(m, r, out);
}

}  // namespace sluice::quant
