// The table of formats, and by hand-made vectors the formats ggml has none for: F32, FP8, MLX.
#include "quant/format.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace sluice::quant {
namespace {

TEST(FormatTable, RowsAgreeWithTheirIds) {
  ASSERT_EQ(formats().size(), static_cast<size_t>(kFormatCount));
  for (const Format& f : formats()) {
    EXPECT_EQ(&format(f.id), &f);
    EXPECT_EQ(format_by_name(f.name), &f);
    EXPECT_NE(f.decode_row, nullptr);
    EXPECT_EQ(format_by_gguf_type(static_cast<uint32_t>(f.gguf_type)), f.gguf_type < 0 ? nullptr : &f);
    EXPECT_EQ(row_bytes(f.id, 768), 768 / f.block * f.block_bytes);
  }
}

TEST(FormatTable, LooksUpNamesInAnyCaseAndRefusesTheUnknown) {
  ASSERT_NE(format_by_name("q4_k"), nullptr);
  EXPECT_EQ(format_by_name("q4_k")->id, FormatId::q4_k);
  EXPECT_EQ(format_by_name("mlx4")->id, FormatId::mlx4);
  EXPECT_EQ(format_by_name("Q4"), nullptr);
  EXPECT_EQ(format_by_name(""), nullptr);
  for (const uint32_t type : {4u, 5u, 9u, 15u, 34u, 35u, 40u, 1000u, 0xffffffffu}) {
    EXPECT_EQ(format_by_gguf_type(type), nullptr) << type;
  }
}

TEST(FormatTable, RowBytes) {
  EXPECT_EQ(row_bytes(FormatId::q4_k, 4096), 4096 / 256 * 144);
  EXPECT_EQ(row_bytes(FormatId::mlx3, 64), 24);
  EXPECT_EQ(row_bytes(FormatId::mlx5, 64), 40);
  EXPECT_EQ(row_bytes(FormatId::mlx6, 64), 48);
}

const std::byte* as_bytes_at(const void* p) {
  return static_cast<const std::byte*>(p);
}

TEST(Decode, F32IsACopy) {
  const float values[] = {1.5f, -0.0f, 1e-40f, INFINITY, 2, 3};
  const Matrix m{.format = FormatId::f32, .rows = 2, .cols = 3, .data = as_bytes_at(values)};
  float row[3];
  format(FormatId::f32).decode_row(m, 1, row);
  EXPECT_EQ(std::memcmp(row, values + 3, sizeof row), 0);
}

// Packs element i at bits [i * width, (i + 1) * width) of a little-endian bit stream, one bit at a time.
std::string bit_stream(const std::vector<uint32_t>& q, int width) {
  std::string bytes(q.size() * static_cast<size_t>(width) / 8, '\0');
  for (size_t i = 0; i < q.size(); ++i) {
    for (int b = 0; b < width; ++b) {
      const size_t bit = i * static_cast<size_t>(width) + static_cast<size_t>(b);
      if ((q[i] >> b) & 1) bytes[bit / 8] = static_cast<char>(bytes[bit / 8] | 1 << (bit % 8));
    }
  }
  return bytes;
}

std::string side_array(const std::vector<float>& values, ScaleType type) {
  std::string bytes;
  for (const float v : values) {
    const uint16_t half = type == ScaleType::f16 ? f32_to_f16(v) : f32_to_bf16(v);
    bytes.append(type == ScaleType::f32 ? reinterpret_cast<const char*>(&v) : reinterpret_cast<const char*>(&half),
                 static_cast<size_t>(scale_bytes(type)));
  }
  return bytes;
}

std::string one_byte_on(const std::string& bytes) {
  std::string shifted = "x";
  shifted += bytes;
  return shifted;
}

struct MlxCase {
  FormatId id;
  int bits;
  int group;
  ScaleType type;
};

class MlxTest : public testing::TestWithParam<MlxCase> {};

TEST_P(MlxTest, IsScaleTimesCodePlusBias) {
  const auto [id, bits, group, type] = GetParam();
  constexpr int kRows = 3;
  constexpr int kCols = 256;
  std::mt19937 random(7);
  std::vector<uint32_t> q(kRows * kCols);
  for (uint32_t& v : q) v = static_cast<uint32_t>(random()) & ((1u << bits) - 1);
  // Multiples of 1/64 below 1 are exact in every scale type; of 2/3 the products round, which shows a fused add.
  std::vector<float> scales, biases;
  for (int i = 0; i < kRows * kCols / group; ++i) {
    scales.push_back(type == ScaleType::f32 ? static_cast<float>(i + 1) / 3 : static_cast<float>(i % 63 + 1) / 64);
    biases.push_back(type == ScaleType::f32 ? -static_cast<float>(i) / 7 : -static_cast<float>(i % 61) / 64);
  }
  // One byte ahead of each array: MLX files put tensors at odd addresses.
  const std::string data = one_byte_on(bit_stream(q, bits)), s = one_byte_on(side_array(scales, type)),
                    b = one_byte_on(side_array(biases, type));
  const Matrix m{.format = id,
                 .rows = kRows,
                 .cols = kCols,
                 .data = as_bytes_at(data.data() + 1),
                 .scales = as_bytes_at(s.data() + 1),
                 .biases = as_bytes_at(b.data() + 1),
                 .scale_type = type,
                 .group = group,
                 .group_rows = 1};
  ASSERT_EQ(data.size() - 1, static_cast<size_t>(kRows * row_bytes(id, kCols)));
  for (int r = 0; r < kRows; ++r) {
    float row[kCols], view[kCols];
    format(id).decode_row(m, r, row);
    format(id).decode_row(rows(m, r, 1), 0, view);
    ASSERT_EQ(std::memcmp(row, view, sizeof row), 0);
    for (int c = 0; c < kCols; ++c) {
      const auto i = static_cast<size_t>(r * kCols + c);
      const volatile float product = scales[i / static_cast<size_t>(group)] * static_cast<float>(q[i]);
      ASSERT_EQ(row[c], product + biases[i / static_cast<size_t>(group)]) << "row " << r << " column " << c;
    }
  }
}

std::vector<MlxCase> mlx_cases() {
  std::vector<MlxCase> cases;
  const std::pair<FormatId, int> widths[] = {{FormatId::mlx2, 2}, {FormatId::mlx3, 3}, {FormatId::mlx4, 4},
                                             {FormatId::mlx5, 5}, {FormatId::mlx6, 6}, {FormatId::mlx8, 8}};
  for (const auto& [id, bits] : widths) {
    for (const int group : {32, 64, 128}) {
      for (const ScaleType type : {ScaleType::f32, ScaleType::f16, ScaleType::bf16})
        cases.push_back({id, bits, group, type});
    }
  }
  return cases;
}

std::string mlx_case_name(const testing::TestParamInfo<MlxCase>& row) {
  const char* types[] = {"none", "f32", "f16", "bf16"};
  return std::string(format(row.param.id).name) + "_group" + std::to_string(row.param.group) + "_" +
         types[static_cast<int>(row.param.type)];
}

INSTANTIATE_TEST_SUITE_P(Widths, MlxTest, testing::ValuesIn(mlx_cases()), mlx_case_name);

TEST(Decode, Mlx4KnownWord) {  // the word 0x87654321 holds 1, 2, ... 8: element 0 in the lowest bits
  const uint32_t word = 0x87654321;
  const uint16_t scale = f32_to_bf16(0.5f);
  const uint16_t bias = f32_to_bf16(-1.0f);
  const Matrix m{.format = FormatId::mlx4,
                 .rows = 1,
                 .cols = 8,
                 .data = as_bytes_at(&word),
                 .scales = as_bytes_at(&scale),
                 .biases = as_bytes_at(&bias),
                 .scale_type = ScaleType::bf16,
                 .group = 64,
                 .group_rows = 1};
  float row[8];
  format(FormatId::mlx4).decode_row(m, 0, row);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(row[i], static_cast<float>(i + 1) * 0.5f - 1.0f);
}

TEST(Decode, Fp8ScalesByTile) {
  constexpr int kRows = 256 + 5;
  constexpr int kCols = 128 + 7;  // the last tile of each direction is short
  std::string codes(kRows * kCols, '\0');
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<char>(i % 0x7f);
  const std::vector<float> scales = {0.5f, 0.75f, 2, 3, -1, 0.1f};  // 3 x 2 tiles
  for (const ScaleType type : {ScaleType::f32, ScaleType::bf16}) {
    const std::string s = one_byte_on(side_array(scales, type));
    const Matrix m{.format = FormatId::fp8_e4m3,
                   .rows = kRows,
                   .cols = kCols,
                   .data = as_bytes_at(codes.data()),
                   .scales = as_bytes_at(s.data() + 1),
                   .biases = nullptr,
                   .scale_type = type,
                   .group = 128,
                   .group_rows = 128};
    const Matrix tail = rows(m, 256, 5);
    for (int r = 0; r < kRows; ++r) {
      float row[kCols], view[kCols];
      format(m.format).decode_row(m, r, row);
      if (r >= 256) {
        format(m.format).decode_row(tail, r - 256, view);
        ASSERT_EQ(std::memcmp(row, view, sizeof row), 0);
      }
      for (int c = 0; c < kCols; ++c) {
        const float listed = scales[static_cast<size_t>(r / 128 * 2 + c / 128)];
        const float scale = type == ScaleType::f32 ? listed : bf16_to_f32(f32_to_bf16(listed));
        const auto code = static_cast<uint8_t>(codes[static_cast<size_t>(r * kCols + c)]);
        ASSERT_EQ(row[c], fp8_e4m3_to_f32(code) * scale) << r << " " << c;
      }
    }
  }
}

TEST(Decode, Fp8WithoutScalesIsTheCodeItself) {
  const uint8_t codes[] = {0x38, 0xb8, 0x7e, 0x01};
  const Matrix m{.format = FormatId::fp8_e4m3, .rows = 1, .cols = 4, .data = as_bytes_at(codes)};
  float row[4];
  format(FormatId::fp8_e4m3).decode_row(m, 0, row);
  EXPECT_EQ(row[0], 1.0f);
  EXPECT_EQ(row[1], -1.0f);
  EXPECT_EQ(row[2], 448.0f);
  EXPECT_EQ(row[3], 0x1p-9f);
}

}  // namespace
}  // namespace sluice::quant
