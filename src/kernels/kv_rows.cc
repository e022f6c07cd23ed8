#include "kernels/kv_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "quant/format.h"

namespace sluice::kernels {
namespace {

// To nearest even, for |x| < 2^22: the sum leaves no bits below one.
float rounded(float x) {
  constexpr float kMagic = 12582912.0f;
  return (x + kMagic) - kMagic;
}

void encode_f16(const float* x, int64_t n, std::byte* row) {
  constexpr float kMost = 65504.0f;
  for (int64_t i = 0; i < n; ++i) {
    const uint16_t half = quant::f32_to_f16(std::clamp(x[i], -kMost, kMost));
    std::memcpy(row + 2 * i, &half, sizeof half);
  }
}

void encode_q8(const float* x, int64_t n, std::byte* row) {
  std::byte* scales = row + (n + 3) / 4 * 4;
  std::fill(row + n, scales, std::byte{0});
  for (int64_t first = 0; first < n; first += kKvBlock, scales += sizeof(float)) {
    const int64_t end = std::min(first + kKvBlock, n);
    float most = 0;
    bool finite = true;
    for (int64_t i = first; i < end; ++i) {
      most = std::max(most, std::fabs(x[i]));
      finite = finite && std::isfinite(x[i]);
    }
    const float scale = finite ? most / 127.0f : NAN;
    std::memcpy(scales, &scale, sizeof scale);
    for (int64_t i = first; i < end; ++i) {
      // The quotient may exceed 127 by the rounding of a small scale.
      const float q = scale > 0 ? std::clamp(rounded(x[i] / scale), -127.0f, 127.0f) : 0.0f;
      row[i] = static_cast<std::byte>(static_cast<int8_t>(q));
    }
  }
}

}  // namespace

Result<KvFormat> kv_format(std::string_view name) {
  for (size_t i = 0; i < std::size(kKvFormatNames); ++i) {
    if (kKvFormatNames[i] == name) return static_cast<KvFormat>(i);
  }
  return Error{Code::invalid, "--kv " + std::string(name) + ": must be f32, f16 or q8"};
}

void kv_encode(KvFormat format, const float* x, int64_t head_dim, std::byte* row) {
  switch (format) {
    case KvFormat::f32: std::memcpy(row, x, static_cast<size_t>(head_dim) * sizeof(float)); break;
    case KvFormat::f16: encode_f16(x, head_dim, row); break;
    case KvFormat::q8: encode_q8(x, head_dim, row); break;
  }
}

void kv_decode(KvFormat format, const std::byte* row, int64_t head_dim, float* x) {
  if (format == KvFormat::f32) {
    std::memcpy(x, row, static_cast<size_t>(head_dim) * sizeof(float));
    return;
  }
  const std::byte* scales = row + (head_dim + 3) / 4 * 4;
  for (int64_t i = 0; i < head_dim; ++i) {
    if (format == KvFormat::f16) {
      uint16_t half;
      std::memcpy(&half, row + 2 * i, sizeof half);
      x[i] = quant::f16_to_f32(half);
    } else {
      float scale;
      std::memcpy(&scale, scales + i / kKvBlock * static_cast<int64_t>(sizeof scale), sizeof scale);
      x[i] = scale * static_cast<float>(static_cast<int8_t>(row[i]));
    }
  }
}

}  // namespace sluice::kernels
