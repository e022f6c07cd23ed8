// Number formats: how weights stand in files, as a table with one row a format.
//
// A format is a run of blocks along a matrix row: `block` elements in `block_bytes` bytes, everything a block needs
// inside it (GGML types: docs of ggml, MIT). Formats with `side_arrays` (MLX affine, FP8 with block scales) keep scales
// and biases in arrays of their own; a Matrix points at all of them. Adding a format: one file formats/<name>.cc and
// one row in format.cc; the conformance tests enumerate the table.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::quant {

enum class FormatId : uint8_t {
  f32, f16, bf16, fp8_e4m3,
  q8_0, q4_0, q4_1, q5_0, q5_1, q2_k, q3_k, q4_k, q5_k, q6_k,
  iq4_nl, iq4_xs, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq1_s, iq1_m,
  mxfp4, mlx2, mlx3, mlx4, mlx5, mlx6, mlx8,
};
inline constexpr int kFormatCount = 30;

enum class ScaleType : uint8_t { none, f32, f16, bf16 };

// Bytes of one element of a side array; 0 for none.
constexpr int scale_bytes(ScaleType t) { return t == ScaleType::none ? 0 : t == ScaleType::f32 ? 4 : 2; }

// A borrowed view of a [rows, cols] row-major weight matrix; y = W x. Pointers may have any alignment and must outlive
// the view. Plain data: copy freely, read from any thread.
struct Matrix {
  FormatId format = FormatId::f32;
  int64_t rows = 0;
  int64_t cols = 0;                      // multiple of the format's block
  const std::byte* data = nullptr;       // rows * row_bytes(format, cols)
  // Side arrays, only for formats with side_arrays: element (r / group_rows, c / group), row-major,
  // ceil(cols / group) a row. biases is null for FP8; scales may be null for FP8 (scale 1).
  const std::byte* scales = nullptr;
  const std::byte* biases = nullptr;
  ScaleType scale_type = ScaleType::none;
  int32_t group = 0;                     // columns that share a scale: positive, a multiple of the format's block
  int32_t group_rows = 1;                // rows that share a scale: 1 (MLX), 128 (FP8 blocks)
};

// Where Format::split_row puts a row.
struct Integers {
  int16_t* q;
  float* scale;
  float* offset;
};

struct Format {
  FormatId id;
  std::string_view name;       // as users write it: "Q4_K", "BF16", "MLX4"
  int32_t block;               // elements in a block (MLX: the fewest elements that fill whole bytes)
  int32_t block_bytes;
  int32_t gguf_type;           // ggml type id, -1 where GGUF has none
  bool side_arrays;
  // Decodes row `r` of `m` into out[0, m.cols): the exact float32 values, on any machine.
  void (*decode_row)(const Matrix& m, int64_t r, float* out);
  // Formats of small integers under scales, for integer products; otherwise scale_group is 0 and split_row null.
  int32_t scale_group = 0;  // columns that split_row gives one scale for: 16 or 32
  bool offsets = false;     // whether offsets differ from 0
  // Row `r` as integers: w[c] = scale[c / scale_group] * q[c] + offset[c / scale_group], with |q| <= 255. Arrays of m.cols,
  // m.cols / scale_group and, only with `offsets`, as many more. REQUIRES: splits_into_integers(m).
  void (*split_row)(const Matrix& m, int64_t r, const Integers& out) = nullptr;
};

std::span<const Format> formats();                    // indexed by FormatId
const Format& format(FormatId id);
const Format* format_by_name(std::string_view name);  // nullptr: unknown; case-insensitive
const Format* format_by_gguf_type(uint32_t type);     // nullptr: unknown or not supported

// Columns that always share a weight scale and an activation scale in integer products.
inline constexpr int64_t kIntegerGroup = 32;

// Whether products with `m` may be taken in integers: the format splits, and no scale ends inside 32 columns.
bool splits_into_integers(const Matrix& m);

// Bytes of one row of `cols` elements. REQUIRES: cols % block == 0.
int64_t row_bytes(FormatId id, int64_t cols);

// Bytes of one row of a side array of `m`: ceil(cols / group) elements.
int64_t scale_row_bytes(const Matrix& m);

// Rows [begin, begin + count) of m. REQUIRES: begin % m.group_rows == 0.
Matrix rows(const Matrix& m, int64_t begin, int64_t count);

float f16_to_f32(uint16_t bits);
inline float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }
uint16_t f32_to_f16(float value);   // round to nearest even
uint16_t f32_to_bf16(float value);  // round to nearest even
float fp8_e4m3_to_f32(uint8_t bits);  // OCP E4M3: no infinities, 0x7f and 0xff are NaN

}  // namespace sluice::quant
