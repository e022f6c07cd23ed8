// How a session keeps keys and values: per layer and position one row, in it one head row a KV head, all at fixed strides.
//
//   f32  head_dim floats: exact.
//   f16  head_dim IEEE half floats, rounded to nearest even; beyond +-65504 that value.
//   q8   Blocks of 32 values, the last perhaps shorter. A block's scale is max|x| / 127 as float32, its integers are
//        x / scale rounded to nearest even, in [-127, 127] (all 0 where the scale is 0); a value is scale * integer.
//        A block with a value that is not finite becomes NaN altogether (its scale is).
//        In a head row first the integers of all blocks, padded to a multiple of 4 bytes, then the scales.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sluice/status.h"

namespace sluice::kernels {

enum class KvFormat : uint8_t { f32, f16, q8 };
inline constexpr std::string_view kKvFormatNames[] = {"f32", "f16", "q8"};
inline constexpr int64_t kKvBlock = 32;

// Bytes of one head row, a multiple of 2, and of 4 but for f16.
constexpr int64_t kv_row_bytes(KvFormat format, int64_t head_dim) {
  switch (format) {
    case KvFormat::f16: return 2 * head_dim;
    case KvFormat::q8: return (head_dim + 3) / 4 * 4 + (head_dim + kKvBlock - 1) / kKvBlock * 4;
    default: return 4 * head_dim;
  }
}

// Errors: invalid; names the formats.
Result<KvFormat> kv_format(std::string_view name);

// One head row: the same bytes whatever the instruction set.
void kv_encode(KvFormat format, const float* x, int64_t head_dim, std::byte* row);
void kv_decode(KvFormat format, const std::byte* row, int64_t head_dim, float* x);

}  // namespace sluice::kernels
