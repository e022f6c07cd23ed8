// IQ4_NL and IQ4_XS: 4-bit indices into sixteen unevenly spaced values. Layouts: docs/qwen3_5_moe.md, section 6.
#include "quant/formats/block.h"
#include "quant/formats/formats.h"
#include "quant/formats/iq_tables.h"

namespace sluice::quant {
namespace {

// 32 elements: low nibbles are the first 16.
void nibbles(const uint8_t* qs, int16_t* q) {
  for (int j = 0; j < 16; ++j) {
    q[j] = kIq4NlValues[qs[j] & 15];
    q[j + 16] = kIq4NlValues[qs[j] >> 4];
  }
}

void iq4_nl(const uint8_t* b, int16_t* q, float* scale, float*) {  // d, qs[16]
  *scale = load_f16(b);
  nibbles(b + 2, q);
}

void iq4_xs(const uint8_t* b, int16_t* q, float* scale, float*) {  // d, u16 scales_h, scales_l[4], qs[128]
  const float d = load_f16(b);
  const int scales_h = load<uint16_t>(b + 2);
  for (int group = 0; group < 8; ++group) {
    const int low = (b[4 + group / 2] >> (4 * (group % 2))) & 15;
    scale[group] = d * static_cast<float>((low | ((scales_h >> (2 * group)) & 3) << 4) - 32);
    nibbles(b + 8 + 16 * group, q + 32 * group);
  }
}

using Iq4Nl = Splitting<32, 18, 32, false, iq4_nl>;
using Iq4Xs = Splitting<256, 136, 32, false, iq4_xs>;

}  // namespace

void decode_iq4_nl(const Matrix& m, int64_t r, float* out) {
  Iq4Nl::decode_row(m, r, out);
}
void split_iq4_nl(const Matrix& m, int64_t r, const Integers& out) {
  Iq4Nl::split_row(m, r, out);
}
void decode_iq4_xs(const Matrix& m, int64_t r, float* out) {
  Iq4Xs::decode_row(m, r, out);
}
void split_iq4_xs(const Matrix& m, int64_t r, const Integers& out) {
  Iq4Xs::split_row(m, r, out);
}

}  // namespace sluice::quant
