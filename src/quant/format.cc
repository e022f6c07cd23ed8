#include "quant/format.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "quant/formats/formats.h"

namespace sluice::quant {
namespace {

using Id = FormatId;

// id, name, block, block_bytes, gguf_type, side_arrays, decode_row, then where rows split into integers: scale_group,
// offsets, split_row; in the order of FormatId.
constexpr std::array<Format, kFormatCount> kFormats = {{
    {Id::f32, "F32", 1, 4, 0, false, decode_f32},
    {Id::f16, "F16", 1, 2, 1, false, decode_f16},
    {Id::bf16, "BF16", 1, 2, 30, false, decode_bf16},
    {Id::fp8_e4m3, "FP8", 1, 1, -1, true, decode_fp8_e4m3},
    {Id::q8_0, "Q8_0", 32, 34, 8, false, decode_q8_0, 32, false, split_q8_0},
    {Id::q4_0, "Q4_0", 32, 18, 2, false, decode_q4_0, 32, false, split_q4_0},
    {Id::q4_1, "Q4_1", 32, 20, 3, false, decode_q4_1, 32, true, split_q4_1},
    {Id::q5_0, "Q5_0", 32, 22, 6, false, decode_q5_0, 32, false, split_q5_0},
    {Id::q5_1, "Q5_1", 32, 24, 7, false, decode_q5_1, 32, true, split_q5_1},
    {Id::q2_k, "Q2_K", 256, 84, 10, false, decode_q2_k, 16, true, split_q2_k},
    {Id::q3_k, "Q3_K", 256, 110, 11, false, decode_q3_k, 16, false, split_q3_k},
    {Id::q4_k, "Q4_K", 256, 144, 12, false, decode_q4_k, 32, true, split_q4_k},
    {Id::q5_k, "Q5_K", 256, 176, 13, false, decode_q5_k, 32, true, split_q5_k},
    {Id::q6_k, "Q6_K", 256, 210, 14, false, decode_q6_k, 16, false, split_q6_k},
    {Id::iq4_nl, "IQ4_NL", 32, 18, 20, false, decode_iq4_nl, 32, false, split_iq4_nl},
    {Id::iq4_xs, "IQ4_XS", 256, 136, 23, false, decode_iq4_xs, 32, false, split_iq4_xs},
    {Id::iq2_xxs, "IQ2_XXS", 256, 66, 16, false, decode_iq2_xxs},
    {Id::iq2_xs, "IQ2_XS", 256, 74, 17, false, decode_iq2_xs},
    {Id::iq2_s, "IQ2_S", 256, 82, 22, false, decode_iq2_s},
    {Id::iq3_xxs, "IQ3_XXS", 256, 98, 18, false, decode_iq3_xxs},
    {Id::iq3_s, "IQ3_S", 256, 110, 21, false, decode_iq3_s},
    {Id::iq1_s, "IQ1_S", 256, 50, 19, false, decode_iq1_s},
    {Id::iq1_m, "IQ1_M", 256, 56, 29, false, decode_iq1_m},
    {Id::mxfp4, "MXFP4", 32, 17, 39, false, decode_mxfp4, 32, false, split_mxfp4},
    {Id::mlx2, "MLX2", 4, 1, -1, true, decode_mlx2},
    {Id::mlx3, "MLX3", 8, 3, -1, true, decode_mlx3},
    {Id::mlx4, "MLX4", 2, 1, -1, true, decode_mlx4, 32, true, split_mlx4},
    {Id::mlx5, "MLX5", 8, 5, -1, true, decode_mlx5},
    {Id::mlx6, "MLX6", 4, 3, -1, true, decode_mlx6},
    {Id::mlx8, "MLX8", 1, 1, -1, true, decode_mlx8, 32, true, split_mlx8},
}};

constexpr bool rows_stand_in_enum_order() {
  for (size_t i = 0; i < kFormats.size(); ++i)
    if (static_cast<size_t>(kFormats[i].id) != i) return false;
  return true;
}
static_assert(rows_stand_in_enum_order());

constexpr char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return upper(x) == upper(y); });
}

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

std::span<const Format> formats() {
  return kFormats;
}

const Format& format(FormatId id) {
  SLUICE_CHECK(static_cast<size_t>(id) < kFormats.size());
  return kFormats[static_cast<size_t>(id)];
}

const Format* format_by_name(std::string_view name) {
  const auto* row = std::ranges::find_if(kFormats, [&](const Format& f) { return same_name(f.name, name); });
  return row == kFormats.end() ? nullptr : row;
}

const Format* format_by_gguf_type(uint32_t type) {
  const auto* row =
      std::ranges::find_if(kFormats, [&](const Format& f) { return int64_t{f.gguf_type} == int64_t{type}; });
  return row == kFormats.end() ? nullptr : row;
}

bool splits_into_integers(const Matrix& m) {
  const Format& f = format(m.format);
  return f.split_row != nullptr && m.cols % kIntegerGroup == 0 && (!f.side_arrays || (m.group % kIntegerGroup == 0 && m.group_rows == 1));
}

int64_t row_bytes(FormatId id, int64_t cols) {
  const Format& f = format(id);
  SLUICE_CHECK(cols % f.block == 0);
  return cols / f.block * f.block_bytes;
}

int64_t scale_row_bytes(const Matrix& m) {
  if (m.scale_type == ScaleType::none) return 0;
  return ceil_div(m.cols, m.group) * scale_bytes(m.scale_type);
}

Matrix rows(const Matrix& m, int64_t begin, int64_t count) {
  SLUICE_CHECK(begin >= 0 && count >= 0 && count <= m.rows - begin);
  SLUICE_CHECK(begin % m.group_rows == 0);
  Matrix part = m;
  part.rows = count;
  part.data += begin * row_bytes(m.format, m.cols);
  const int64_t scales = begin / m.group_rows * scale_row_bytes(m);
  if (part.scales != nullptr) part.scales += scales;
  if (part.biases != nullptr) part.biases += scales;
  return part;
}

}  // namespace sluice::quant
