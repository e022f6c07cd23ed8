// F32, F16, BF16: one number an element. FP8: E4M3 bytes with one scale a tile of group_rows x group elements, as
// DeepSeek-style FP8 releases store them (docs/qwen3_5_moe.md, section 3).
#include "quant/formats/block.h"
#include "quant/formats/formats.h"

namespace sluice::quant {
namespace {

void f16_element(const uint8_t* b, float* y) {
  *y = load_f16(b);
}
void bf16_element(const uint8_t* b, float* y) {
  *y = bf16_to_f32(load<uint16_t>(b));
}

}  // namespace

void decode_f32(const Matrix& m, int64_t r, float* out) {
  std::memcpy(out, m.data + r * m.cols * 4, static_cast<size_t>(m.cols) * 4);
}

void decode_f16(const Matrix& m, int64_t r, float* out) {
  decode_blocks<1, 2, f16_element>(m, r, out);
}
void decode_bf16(const Matrix& m, int64_t r, float* out) {
  decode_blocks<1, 2, bf16_element>(m, r, out);
}

void decode_fp8_e4m3(const Matrix& m, int64_t r, float* out) {
  const auto* codes = reinterpret_cast<const uint8_t*>(m.data) + r * m.cols;
  if (m.scales == nullptr) {
    for (int64_t c = 0; c < m.cols; ++c) out[c] = fp8_e4m3_to_f32(codes[c]);
    return;
  }
  const std::byte* scales = m.scales + r / m.group_rows * scale_row_bytes(m);
  for (int64_t begin = 0, g = 0; begin < m.cols; begin += m.group, ++g) {
    const float scale = load_scale(scales, m.scale_type, g);
    const int64_t end = begin + m.group < m.cols ? begin + m.group : m.cols;
    for (int64_t c = begin; c < end; ++c) out[c] = fp8_e4m3_to_f32(codes[c]) * scale;
  }
}

}  // namespace sluice::quant
