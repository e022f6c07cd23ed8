// Reading blocks: unaligned little-endian loads, and the loop over a row's blocks that most formats share.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "quant/format.h"

namespace sluice::quant {

static_assert(std::endian::native == std::endian::little, "files are little-endian and are read as they stand");

template <class T>
T load(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

inline float load_f16(const uint8_t* p) {
  return f16_to_f32(load<uint16_t>(p));
}

// Side-array element `i` of an array of type `type` at `p`. REQUIRES: type != none.
inline float load_scale(const std::byte* p, ScaleType type, int64_t i) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(p) + i * scale_bytes(type);
  if (type == ScaleType::f32) return load<float>(bytes);
  return type == ScaleType::f16 ? load_f16(bytes) : bf16_to_f32(load<uint16_t>(bytes));
}

// Row `r` of `m` for a format of kBytes a block: decode(block) writes kBlock floats.
template <int kBlock, int kBytes, void (*decode)(const uint8_t* block, float* out)>
void decode_blocks(const Matrix& m, int64_t r, float* out) {
  const int64_t blocks = m.cols / kBlock;
  const auto* p = reinterpret_cast<const uint8_t*>(m.data) + r * blocks * kBytes;
  for (int64_t b = 0; b < blocks; ++b) decode(p + b * kBytes, out + b * kBlock);
}

// A format whose blocks split into integers: split(block, q, scale, offset) fills kBlock integers and a scale, and where
// kOffsets an offset, for every kGroup of them. Both of its functions follow from that.
template <int kBlock, int kBytes, int kGroup, bool kOffsets,
          void (*split)(const uint8_t* block, int16_t* q, float* scale, float* offset)>
struct Splitting {
  static constexpr int kScales = kBlock / kGroup;

  static void split_row(const Matrix& m, int64_t r, const Integers& out) {
    const int64_t blocks = m.cols / kBlock;
    const auto* p = reinterpret_cast<const uint8_t*>(m.data) + r * blocks * kBytes;
    for (int64_t b = 0; b < blocks; ++b) {
      split(p + b * kBytes, out.q + b * kBlock, out.scale + b * kScales, kOffsets ? out.offset + b * kScales : nullptr);
    }
  }

  static void decode_block(const uint8_t* block, float* out) {
    int16_t q[kBlock];
    float scale[kScales], offset[kScales];
    split(block, q, scale, offset);
    for (int i = 0; i < kBlock; ++i) {
      out[i] = scale[i / kGroup] * static_cast<float>(q[i]);
      if (kOffsets) out[i] += offset[i / kGroup];
    }
  }

  static void decode_row(const Matrix& m, int64_t r, float* out) { decode_blocks<kBlock, kBytes, decode_block>(m, r, out); }
};

}  // namespace sluice::quant
