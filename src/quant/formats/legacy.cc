// Q8_0, Q4_0, Q4_1, Q5_0, Q5_1: 32 elements under one f16 scale d, the _1 types also an f16 minimum m. Layouts:
// docs/qwen3_5_moe.md, section 6. A 4-bit byte j holds element j in its low half and element j + 16 in its high half.
#include "quant/formats/block.h"
#include "quant/formats/formats.h"

namespace sluice::quant {
namespace {

void q8_0(const uint8_t* b, int16_t* q, float* d, float*) {  // d, qs[32]
  *d = load_f16(b);
  for (int j = 0; j < 32; ++j) q[j] = static_cast<int8_t>(b[2 + j]);
}

// qs[16], less `bias`.
void nibbles(const uint8_t* qs, int bias, int16_t* q) {
  for (int j = 0; j < 16; ++j) {
    q[j] = static_cast<int16_t>((qs[j] & 15) - bias);
    q[j + 16] = static_cast<int16_t>((qs[j] >> 4) - bias);
  }
}

void q4_0(const uint8_t* b, int16_t* q, float* d, float*) {  // d, qs[16]
  *d = load_f16(b);
  nibbles(b + 2, 8, q);
}

void q4_1(const uint8_t* b, int16_t* q, float* d, float* m) {  // d, m, qs[16]
  *d = load_f16(b);
  *m = load_f16(b + 2);
  nibbles(b + 4, 0, q);
}

// Adds the fifth bits: that of element j at bit j of qh.
void fifth_bits(const uint8_t* qh, int16_t* q) {
  const auto high = load<uint32_t>(qh);
  for (int j = 0; j < 32; ++j) q[j] = static_cast<int16_t>(q[j] + static_cast<int>((high >> j) & 1u) * 16);
}

void q5_0(const uint8_t* b, int16_t* q, float* d, float*) {  // d, qh[4], qs[16]
  *d = load_f16(b);
  nibbles(b + 6, 16, q);
  fifth_bits(b + 2, q);
}

void q5_1(const uint8_t* b, int16_t* q, float* d, float* m) {  // d, m, qh[4], qs[16]
  *d = load_f16(b);
  *m = load_f16(b + 2);
  nibbles(b + 8, 0, q);
  fifth_bits(b + 4, q);
}

using Q80 = Splitting<32, 34, 32, false, q8_0>;
using Q40 = Splitting<32, 18, 32, false, q4_0>;
using Q41 = Splitting<32, 20, 32, true, q4_1>;
using Q50 = Splitting<32, 22, 32, false, q5_0>;
using Q51 = Splitting<32, 24, 32, true, q5_1>;

}  // namespace

void decode_q8_0(const Matrix& m, int64_t r, float* out) {
  Q80::decode_row(m, r, out);
}
void split_q8_0(const Matrix& m, int64_t r, const Integers& out) {
  Q80::split_row(m, r, out);
}
void decode_q4_0(const Matrix& m, int64_t r, float* out) {
  Q40::decode_row(m, r, out);
}
void split_q4_0(const Matrix& m, int64_t r, const Integers& out) {
  Q40::split_row(m, r, out);
}
void decode_q4_1(const Matrix& m, int64_t r, float* out) {
  Q41::decode_row(m, r, out);
}
void split_q4_1(const Matrix& m, int64_t r, const Integers& out) {
  Q41::split_row(m, r, out);
}
void decode_q5_0(const Matrix& m, int64_t r, float* out) {
  Q50::decode_row(m, r, out);
}
void split_q5_0(const Matrix& m, int64_t r, const Integers& out) {
  Q50::split_row(m, r, out);
}
void decode_q5_1(const Matrix& m, int64_t r, float* out) {
  Q51::decode_row(m, r, out);
}
void split_q5_1(const Matrix& m, int64_t r, const Integers& out) {
  Q51::split_row(m, r, out);
}

}  // namespace sluice::quant
