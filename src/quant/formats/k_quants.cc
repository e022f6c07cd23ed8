// Q4_K, Q5_K, Q6_K: 256 elements in groups of 32 (Q6_K: 16), each group under a small scale of its own. Layouts:
// docs/qwen3_5_moe.md, section 6.
#include "quant/formats/block.h"
#include "quant/formats/formats.h"

namespace sluice::quant {
namespace {

struct ScaleMin {
  float scale;
  float minimum;
};

// Group j's pair of 6-bit numbers out of the twelve bytes q.
ScaleMin scale_min(const uint8_t* q, int j) {
  if (j < 4) return {static_cast<float>(q[j] & 63), static_cast<float>(q[j + 4] & 63)};
  return {static_cast<float>((q[j + 4] & 15) | (q[j - 4] >> 6) << 4),
          static_cast<float>((q[j + 4] >> 4) | (q[j] >> 6) << 4)};
}

void q4_k(const uint8_t* b, float* y) {  // d, dmin, scales[12], qs[128]
  const float d = load_f16(b);
  const float dmin = load_f16(b + 2);
  for (int group = 0; group < 8; ++group) {
    const ScaleMin s = scale_min(b + 4, group);
    const float scale = d * s.scale;
    const float minimum = dmin * s.minimum;
    const uint8_t* qs = b + 16 + 32 * (group / 2);
    const int shift = 4 * (group % 2);
    for (int l = 0; l < 32; ++l) y[32 * group + l] = scale * static_cast<float>((qs[l] >> shift) & 15) - minimum;
  }
}

void q5_k(const uint8_t* b, float* y) {  // d, dmin, scales[12], qh[32], qs[128]
  const float d = load_f16(b);
  const float dmin = load_f16(b + 2);
  const uint8_t* qh = b + 16;
  for (int group = 0; group < 8; ++group) {
    const ScaleMin s = scale_min(b + 4, group);
    const float scale = d * s.scale;
    const float minimum = dmin * s.minimum;
    const uint8_t* qs = b + 48 + 32 * (group / 2);
    const int shift = 4 * (group % 2);
    for (int l = 0; l < 32; ++l) {
      const int q = ((qs[l] >> shift) & 15) | ((qh[l] >> group) & 1) << 4;
      y[32 * group + l] = scale * static_cast<float>(q) - minimum;
    }
  }
}

void q6_k(const uint8_t* b, float* y) {  // ql[128], qh[64], scales[16], d
  const float d = load_f16(b + 208);
  for (int group = 0; group < 16; ++group) {
    const int half = group / 8;         // 128 elements
    const int quarter = group / 2 % 4;  // 32 of them
    const int begin = 16 * (group % 2);
    const float scale = d * static_cast<float>(static_cast<int8_t>(b[192 + group]));
    const uint8_t* ql = b + 64 * half + 32 * (quarter % 2) + begin;
    const uint8_t* qh = b + 128 + 32 * half + begin;
    for (int l = 0; l < 16; ++l) {
      const int q = ((ql[l] >> (4 * (quarter / 2))) & 15) | ((qh[l] >> (2 * quarter)) & 3) << 4;
      y[16 * group + l] = scale * static_cast<float>(q - 32);
    }
  }
}

}  // namespace

void decode_q4_k(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 144, q4_k>(m, r, out);
}
void decode_q5_k(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 176, q5_k>(m, r, out);
}
void decode_q6_k(const Matrix& m, int64_t r, float* out) {
  decode_blocks<256, 210, q6_k>(m, r, out);
}

}  // namespace sluice::quant
