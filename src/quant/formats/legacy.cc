// Q8_0, Q4_0, Q4_1, Q5_0, Q5_1: 32 elements under one f16 scale d, the _1 types also an f16 minimum m. Layouts:
// docs/qwen3_5_moe.md, section 6. A 4-bit byte j holds element j in its low half and element j + 16 in its high half.
#include "quant/formats/block.h"
#include "quant/formats/formats.h"

namespace sluice::quant {
namespace {

void q8_0(const uint8_t* b, float* y) {  // d, qs[32]
  const float d = load_f16(b);
  for (int j = 0; j < 32; ++j) y[j] = d * static_cast<float>(static_cast<int8_t>(b[2 + j]));
}

void q4_0(const uint8_t* b, float* y) {  // d, qs[16]
  const float d = load_f16(b);
  const uint8_t* qs = b + 2;
  for (int j = 0; j < 16; ++j) {
    y[j] = d * static_cast<float>((qs[j] & 15) - 8);
    y[j + 16] = d * static_cast<float>((qs[j] >> 4) - 8);
  }
}

void q4_1(const uint8_t* b, float* y) {  // d, m, qs[16]
  const float d = load_f16(b);
  const float m = load_f16(b + 2);
  const uint8_t* qs = b + 4;
  for (int j = 0; j < 16; ++j) {
    y[j] = d * static_cast<float>(qs[j] & 15) + m;
    y[j + 16] = d * static_cast<float>(qs[j] >> 4) + m;
  }
}

// The 5-bit values of a block: low four bits from qs, fifth bit of element j at bit j of qh.
void five_bits(const uint8_t* qh, const uint8_t* qs, int* q) {
  const auto high = load<uint32_t>(qh);
  for (int j = 0; j < 16; ++j) {
    q[j] = (qs[j] & 15) | static_cast<int>((high >> j) & 1u) << 4;
    q[j + 16] = (qs[j] >> 4) | static_cast<int>((high >> (j + 16)) & 1u) << 4;
  }
}

void q5_0(const uint8_t* b, float* y) {  // d, qh[4], qs[16]
  const float d = load_f16(b);
  int q[32];
  five_bits(b + 2, b + 6, q);
  for (int j = 0; j < 32; ++j) y[j] = d * static_cast<float>(q[j] - 16);
}

void q5_1(const uint8_t* b, float* y) {  // d, m, qh[4], qs[16]
  const float d = load_f16(b);
  const float m = load_f16(b + 2);
  int q[32];
  five_bits(b + 4, b + 8, q);
  for (int j = 0; j < 32; ++j) y[j] = d * static_cast<float>(q[j]) + m;
}

}  // namespace

void decode_q8_0(const Matrix& m, int64_t r, float* out) {
  decode_blocks<32, 34, q8_0>(m, r, out);
}
void decode_q4_0(const Matrix& m, int64_t r, float* out) {
  decode_blocks<32, 18, q4_0>(m, r, out);
}
void decode_q4_1(const Matrix& m, int64_t r, float* out) {
  decode_blocks<32, 20, q4_1>(m, r, out);
}
void decode_q5_0(const Matrix& m, int64_t r, float* out) {
  decode_blocks<32, 22, q5_0>(m, r, out);
}
void decode_q5_1(const Matrix& m, int64_t r, float* out) {
  decode_blocks<32, 24, q5_1>(m, r, out);
}

}  // namespace sluice::quant
