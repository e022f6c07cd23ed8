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

// The scales and minima of the eight groups: d, dmin, scales[12].
void group_scales(const uint8_t* b, float* scale, float* offset) {
  const float d = load_f16(b);
  const float dmin = load_f16(b + 2);
  for (int group = 0; group < 8; ++group) {
    const ScaleMin s = scale_min(b + 4, group);
    scale[group] = d * s.scale;
    offset[group] = -(dmin * s.minimum);
  }
}

void q4_k(const uint8_t* b, int16_t* q, float* scale, float* offset) {  // d, dmin, scales[12], qs[128]
  group_scales(b, scale, offset);
  for (int i = 0; i < 256; ++i) q[i] = (b[16 + 32 * (i / 64) + i % 32] >> (4 * (i / 32 % 2))) & 15;
}

void q5_k(const uint8_t* b, int16_t* q, float* scale, float* offset) {  // d, dmin, scales[12], qh[32], qs[128]
  group_scales(b, scale, offset);
  const uint8_t* qh = b + 16;
  for (int i = 0; i < 256; ++i) {
    const int low = (b[48 + 32 * (i / 64) + i % 32] >> (4 * (i / 32 % 2))) & 15;
    q[i] = static_cast<int16_t>(low | ((qh[i % 32] >> (i / 32)) & 1) << 4);
  }
}

void q6_k(const uint8_t* b, int16_t* q, float* scale, float*) {  // ql[128], qh[64], scales[16], d
  const float d = load_f16(b + 208);
  for (int group = 0; group < 16; ++group) {
    const int half = group / 8;         // 128 elements
    const int quarter = group / 2 % 4;  // 32 of them
    const int begin = 16 * (group % 2);
    scale[group] = d * static_cast<float>(static_cast<int8_t>(b[192 + group]));
    const uint8_t* ql = b + 64 * half + 32 * (quarter % 2) + begin;
    const uint8_t* qh = b + 128 + 32 * half + begin;
    for (int l = 0; l < 16; ++l) {
      const int six = ((ql[l] >> (4 * (quarter / 2))) & 15) | ((qh[l] >> (2 * quarter)) & 3) << 4;
      q[16 * group + l] = static_cast<int16_t>(six - 32);
    }
  }
}

using Q4K = Splitting<256, 144, 32, true, q4_k>;
using Q5K = Splitting<256, 176, 32, true, q5_k>;
using Q6K = Splitting<256, 210, 16, false, q6_k>;

}  // namespace

void decode_q4_k(const Matrix& m, int64_t r, float* out) {
  Q4K::decode_row(m, r, out);
}
void split_q4_k(const Matrix& m, int64_t r, const Integers& out) {
  Q4K::split_row(m, r, out);
}
void decode_q5_k(const Matrix& m, int64_t r, float* out) {
  Q5K::decode_row(m, r, out);
}
void split_q5_k(const Matrix& m, int64_t r, const Integers& out) {
  Q5K::split_row(m, r, out);
}
void decode_q6_k(const Matrix& m, int64_t r, float* out) {
  Q6K::decode_row(m, r, out);
}
void split_q6_k(const Matrix& m, int64_t r, const Integers& out) {
  Q6K::split_row(m, r, out);
}

}  // namespace sluice::quant
