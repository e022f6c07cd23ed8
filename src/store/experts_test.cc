#include "store/experts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "store/load.h"
#include "support/gguf_writer.h"
#include "support/safetensors_writer.h"
#include "support/temp_folder.h"

namespace sluice::store {
namespace {

using sluice::testing::GgufWriter;
using sluice::testing::raw;
using sluice::testing::SafetensorsWriter;
using sluice::testing::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Bytes that decode to finite values in every format used here.
std::string noise(size_t bytes, uint32_t seed) {
  std::mt19937 engine(seed);
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(engine() & 0x3f);
  return out;
}

std::vector<float> load(const ModelFiles& model, const Tensor& tensor) {
  auto values = load_vector(model, tensor);
  if (values.ok()) return std::move(*values);
  ADD_FAILURE() << values.error().message;
  return {};
}

// Slicing before loading gives what slicing after loading gives, for every expert and several row ranges.
void expect_slices_agree(const ModelFiles& model, const Tensor& stacked,
                         const std::vector<std::pair<int64_t, int64_t>>& ranges, const std::vector<float>& whole) {
  const int64_t rows = stacked.shape[1], cols = stacked.shape[2];
  for (int64_t e = 0; e < stacked.shape[0]; ++e) {
    auto expert = slice_expert(stacked, e);
    ASSERT_TRUE(expert.ok()) << expert.error().message;
    EXPECT_THAT(expert->shape, ElementsAre(rows, cols));
    const std::vector<float> values = load(model, *expert);
    ASSERT_EQ(values.size(), static_cast<size_t>(rows * cols));
    if (!whole.empty()) {
      EXPECT_TRUE(std::equal(values.begin(), values.end(), whole.begin() + e * rows * cols));
    }
    for (const auto& [begin, count] : ranges) {
      auto part = slice_rows(*expert, begin, count);
      ASSERT_TRUE(part.ok()) << part.error().message;
      const std::vector<float> some = load(model, *part);
      ASSERT_EQ(some.size(), static_cast<size_t>(count * cols));
      EXPECT_TRUE(std::equal(some.begin(), some.end(), values.begin() + begin * cols)) << e << " " << begin;
    }
  }
}

TEST(Experts, Gguf) {
  TempFolder dir;
  GgufWriter w;
  w.tensor("first", 0, {3}, raw(1.0f, 2.0f, 3.0f)).tensor("exps", 12, {512, 6, 4}, noise(144 * 2 * 6 * 4, 1));
  w.write(dir / "m.gguf");
  auto model = open_model(dir / "m.gguf");
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Tensor& t = *model->find("exps");
  expect_slices_agree(*model, t, {{0, 3}, {3, 3}, {5, 1}, {0, 6}}, load(*model, t));
  EXPECT_EQ(slice_expert(t, 1)->data.offset, t.data.offset + 144 * 2 * 6);
}

TEST(Experts, Mlx) {
  TempFolder dir;
  dir.file("config.json", R"({"quantization":{"group_size":64,"bits":4}})");
  SafetensorsWriter w;
  w.metadata("format", "mlx").tensor("odd", "U8", {1}, "x");  // everything after it is unaligned
  w.tensor("x.weight", "U32", {4, 6, 16}, noise(4 * 6 * 16 * 4, 2)).tensor("x.scales", "BF16", {4, 6, 2}, noise(96, 3));
  w.tensor("x.biases", "BF16", {4, 6, 2}, noise(96, 4)).write(dir / "model.safetensors");
  auto model = open_model(dir.path());
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Tensor& t = *model->find("x.weight");
  expect_slices_agree(*model, t, {{0, 3}, {3, 3}, {5, 1}}, load(*model, t));
  EXPECT_EQ(slice_expert(t, 3)->biases.offset, t.biases.offset + 3 * 24);
}

TEST(Experts, Fp8WithUnevenBlocks) {
  TempFolder dir;
  dir.file("config.json", R"({"quantization_config":{"weight_block_size":[4,8]}})");
  SafetensorsWriter w;
  std::string scales;
  for (int i = 0; i < 3 * 3 * 2; ++i) scales += raw(static_cast<float>(i + 1));
  w.tensor("x", "F8_E4M3", {3, 10, 12}, noise(360, 5)).tensor("x_scale_inv", "F32", {3, 3, 2}, scales);
  w.write(dir / "model.safetensors");
  auto model = open_model(dir.path());
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Tensor& t = *model->find("x");
  expect_slices_agree(*model, t, {{0, 4}, {4, 6}, {8, 2}, {4, 1}}, {});
  auto expert = slice_expert(t, 2);
  EXPECT_EQ(expert->scales.offset, t.scales.offset + 2 * 24);
  EXPECT_THAT(slice_rows(*expert, 5, 5).error().message, HasSubstr("row 5 is inside a block of 4 rows"));
  // Row 8 of expert 2 is scaled by block row 2 of its own scales: 12 + 4 + 1 and 12 + 4 + 2.
  const std::vector<float> values = load(*model, *expert);
  Tensor bare = *expert;
  bare.scale_type = quant::ScaleType::none;
  bare.scales = {};
  const std::vector<float> unscaled = load(*model, bare);
  EXPECT_EQ(values[8 * 12 + 3], unscaled[8 * 12 + 3] * 17.0f);
  EXPECT_EQ(values[8 * 12 + 9], unscaled[8 * 12 + 9] * 18.0f);
}

Tensor stack() {
  Tensor t;
  t.name = "t";
  t.format_name = "F32";
  t.shape = {2, 3, 4};
  t.data = {0, 100, 96};
  return t;
}

TEST(Experts, Refusals) {
  EXPECT_EQ(slice_expert(stack(), 2).error().message, "t [2, 3, 4]: there is no expert 2");
  EXPECT_EQ(slice_expert(stack(), -1).error().code, Code::invalid);
  Tensor short_one = stack();
  short_one.data.bytes = 95;
  EXPECT_EQ(slice_expert(short_one, 0).error().code, Code::corrupt);
  Tensor huge = stack();
  huge.shape = {INT64_MAX, INT64_MAX, 4};
  EXPECT_EQ(slice_expert(huge, 5).error().code, Code::corrupt);
  Tensor unknown = stack();
  unknown.format_known = false;
  EXPECT_EQ(slice_expert(unknown, 0).error().code, Code::unsupported);
  Tensor vector = stack();
  vector.shape = {24};
  EXPECT_THAT(slice_expert(vector, 0).error().message, HasSubstr("not a stack of experts"));
  EXPECT_THAT(slice_rows(stack(), 0, 1).error().message, HasSubstr("not a matrix"));
  const Tensor matrix = *slice_expert(stack(), 1);
  EXPECT_EQ(matrix.data.offset, 148u);
  const std::pair<int64_t, int64_t> ranges[] = {{0, 4}, {3, 1}, {0, 0}, {-1, 2}, {1, INT64_MAX}, {INT64_MAX, 1}};
  for (const auto& [begin, count] : ranges) {
    EXPECT_EQ(slice_rows(matrix, begin, count).error().code, Code::invalid) << begin << " " << count;
  }
}

TEST(Load, LayoutAndRefusals) {
  TempFolder dir;
  GgufWriter w;
  w.tensor("t", 0, {3}, raw(1.0f, 2.0f, 3.0f)).write(dir / "m.gguf");
  auto model = open_model(dir / "m.gguf");
  ASSERT_TRUE(model.ok());
  const Tensor& t = *model->find("t");
  EXPECT_EQ(loaded_bytes(t), 64u);
  std::vector<std::byte> memory(64);
  auto matrix = load_matrix(*model, t, memory.data(), 64);
  ASSERT_TRUE(matrix.ok()) << matrix.error().message;
  EXPECT_EQ(matrix->rows, 1);
  EXPECT_EQ(matrix->cols, 3);
  EXPECT_EQ(load_matrix(*model, t, memory.data(), 63).error().message, "t: needs 64 bytes, 63 are given");
  Tensor outside = t;
  outside.data.offset = 1 << 20;
  EXPECT_THAT(load_vector(*model, outside).error().message, HasSubstr("m.gguf: offset 1048576"));
  outside.data.file = 7;
  EXPECT_THAT(load_vector(*model, outside).error().message, HasSubstr("no file 7"));
  Tensor wide = t;
  wide.data.bytes = ~uint64_t{0};
  EXPECT_EQ(load_matrix(*model, wide, memory.data(), 64).error().code, Code::over_budget);
  Tensor parts = stack();
  parts.scales = {0, 0, 65};
  const LoadedLayout at = loaded_layout(parts);
  EXPECT_EQ(at.scales, 128u);
  EXPECT_EQ(at.biases, 256u);
  EXPECT_EQ(at.bytes, 256u);
}

}  // namespace
}  // namespace sluice::store
