// MLX triples and FP8 pairs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/load.h"
#include "support/open_model_error.h"
#include "support/safetensors_writer.h"
#include "support/temp_folder.h"

namespace sluice::store {
namespace {

using quant::FormatId;
using sluice::testing::open_model_error;
using sluice::testing::SafetensorsWriter;
using sluice::testing::TempFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string fill(int64_t bytes) {
  return std::string(static_cast<size_t>(bytes), '\1');
}

class Quantised : public ::testing::Test {
 protected:
  // A triple with `words` words and `groups` groups a row.
  static void triple(SafetensorsWriter& w, const std::string& name, std::vector<int64_t> lead, int64_t words,
                     int64_t groups, const std::string& dtype = "BF16") {
    int64_t rows = 1;
    for (const int64_t n : lead) rows *= n;
    std::vector<int64_t> weight = lead, side = lead;
    weight.push_back(words);
    side.push_back(groups);
    const int64_t width = dtype == "F32" ? 4 : dtype == "U8" ? 1 : 2;
    w.tensor(name + ".weight", "U32", weight, fill(rows * words * 4));
    w.tensor(name + ".scales", dtype, side, fill(rows * groups * width));
    w.tensor(name + ".biases", dtype, side, fill(rows * groups * width));
  }
  void put(const SafetensorsWriter& w, std::string_view config) {
    w.write(dir_ / "model.safetensors");
    dir_.file("config.json", config);
  }
  ModelFiles open() {
    auto model = open_model(dir_.path());
    if (model.ok()) return std::move(*model);
    ADD_FAILURE() << model.error().message;
    return {};
  }

  TempFolder dir_;
};

TEST_F(Quantised, MlxAllBitsDefaultsAndOverrides) {
  SafetensorsWriter w;
  const std::pair<int64_t, FormatId> kinds[] = {{2, FormatId::mlx2}, {3, FormatId::mlx3}, {4, FormatId::mlx4},
                                                {5, FormatId::mlx5}, {6, FormatId::mlx6}, {8, FormatId::mlx8}};
  std::string overrides;
  for (const auto& [bits, id] : kinds) {
    const std::string name = fmt::format("model.layers.0.b{}", bits);
    triple(w, name, {3}, 128 * bits / 32, 2);
    if (bits != 4) overrides += fmt::format(R"(,"{}":{{"bits":{},"group_size":64}})", name, bits);
  }
  triple(w, "stack", {5, 3}, 16, 4, "F16");
  triple(w, "fine", {2}, 8, 2, "F32");
  overrides += R"(,"stack":{"group_size":32},"fine":{"group_size":32},"plain":false)";
  w.tensor("plain.weight", "BF16", {4}, "12345678").tensor("words.weight", "U32", {1}, "1234");
  for (const char* key : {"quantization", "quantization_config"}) {
    put(w, fmt::format(R"({{"{}":{{"group_size":64,"bits":4,"mode":"affine"{}}}}})", key, overrides));
    const ModelFiles model = open();
    EXPECT_EQ(model.mlx, std::string(key) == "quantization");
    EXPECT_EQ(model.tensors.size(), 10u);
    for (const auto& [bits, id] : kinds) {
      const Tensor* t = model.find(fmt::format("model.layers.0.b{}.weight", bits));
      ASSERT_NE(t, nullptr);
      EXPECT_TRUE(t->format_known);
      EXPECT_EQ(t->format, id);
      EXPECT_THAT(t->shape, ElementsAre(3, 128));
      EXPECT_EQ(t->group, 64);
      EXPECT_EQ(t->scale_type, quant::ScaleType::bf16);
      EXPECT_EQ(t->bytes(), static_cast<uint64_t>(3 * 128 * bits / 8 + 2 * 3 * 2 * 2));
      EXPECT_EQ(load_vector(model, *t)->size(), 384u);
    }
    EXPECT_THAT(model.find("stack.weight")->shape, ElementsAre(5, 3, 128));
    EXPECT_EQ(model.find("stack.weight")->scale_type, quant::ScaleType::f16);
    EXPECT_EQ(model.find("fine.weight")->scale_type, quant::ScaleType::f32);
    EXPECT_FALSE(model.find("words.weight")->format_known);
  }
}

TEST_F(Quantised, MlxOtherModesOpenUnread) {
  SafetensorsWriter w;
  triple(w, "a", {3}, 16, 4, "U8");
  triple(w, "b", {3}, 16, 2);
  put(w, R"({"quantization":{"group_size":32,"bits":4,"mode":"mxfp4","b":{"mode":"affine","group_size":48}}})");
  const ModelFiles model = open();
  EXPECT_EQ(model.tensors.size(), 2u);
  EXPECT_FALSE(model.find("a.weight")->format_known);
  EXPECT_EQ(model.find("a.weight")->format_name, "mlx mxfp4");
  EXPECT_EQ(model.find("b.weight")->format_name, "mlx groups of 48");
}

TEST_F(Quantised, MlxRefusals) {
  const std::string config = R"({"quantization":{"group_size":64,"bits":4}})";
  const auto said = [&](const SafetensorsWriter& w, const std::string& text) {
    put(w, text);
    const std::string message = open_model_error(dir_.path());
    EXPECT_THAT(message, HasSubstr("tensor a.weight: "));
    return message;
  };
  SafetensorsWriter wrong_bits;
  triple(wrong_bits, "a", {3}, 32, 2);
  EXPECT_THAT(said(wrong_bits, config),
              HasSubstr("shape [3, 32] and scales [3, 2] do not make 4 bits in groups of 64"));
  SafetensorsWriter seven;
  triple(seven, "a", {3}, 28, 2);
  EXPECT_THAT(said(seven, "{}"), HasSubstr("do not make whole bits in groups of 64"));
  SafetensorsWriter integers;
  triple(integers, "a", {3}, 16, 2, "U8");
  EXPECT_THAT(said(integers, config), HasSubstr("scales are U8 and biases U8"));
  SafetensorsWriter no_bias;
  no_bias.tensor("a.weight", "U32", {1, 8}, fill(32)).tensor("a.scales", "F16", {1, 1}, "ab");
  EXPECT_THAT(said(no_bias, config), HasSubstr("its .biases are missing"));
  SafetensorsWriter rows;
  rows.tensor("a.weight", "U32", {2, 8}, fill(64))
      .tensor("a.scales", "F16", {1, 1}, "ab")
      .tensor("a.biases", "F16", {1, 1}, "ab");
  EXPECT_THAT(said(rows, config), HasSubstr("does not match scales"));
  SafetensorsWriter empty;
  empty.tensor("a.weight", "U32", {1, 8}, fill(32))
      .tensor("a.scales", "F16", {1, 0}, "")
      .tensor("a.biases", "F16", {1, 0}, "");
  EXPECT_THAT(said(empty, config), HasSubstr("do not make 4 bits"));
}

TEST_F(Quantised, Fp8BlocksAndBare) {
  SafetensorsWriter w;
  w.tensor("q.weight", "F8_E4M3", {130, 257}, fill(130 * 257)).tensor("q.weight_scale_inv", "BF16", {2, 3}, fill(12));
  w.tensor("experts", "F8_E4M3", {3, 130, 128}, fill(3 * 130 * 128))
      .tensor("experts_scale_inv", "F32", {3, 2, 1}, fill(24));
  w.tensor("bare", "F8_E4M3", {2, 2}, "\x38\x38\x40\x38").tensor("one", "F8_E4M3", {2, 2}, "1234");
  w.tensor("one_scale_inv", "F32", {}, "1234")
      .tensor("other", "F8_E4M3", {2, 2}, "1234")
      .tensor("other_scale", "F32", {2}, "12345678");
  put(w, R"({"quantization_config":{"quant_method":"fp8","weight_block_size":[128,128]}})");
  const ModelFiles model = open();
  EXPECT_EQ(model.tensors.size(), 5u);
  const Tensor* q = model.find("q.weight");
  EXPECT_EQ(q->format, FormatId::fp8_e4m3);
  EXPECT_EQ(q->group, 128);
  EXPECT_EQ(q->group_rows, 128);
  EXPECT_EQ(q->scale_type, quant::ScaleType::bf16);
  EXPECT_EQ(q->scales.bytes, 12u);
  EXPECT_EQ(load_vector(model, *q)->size(), 130u * 257u);
  EXPECT_EQ(model.find("experts")->scales.bytes, 24u);
  EXPECT_THAT(load_vector(model, *model.find("experts")).error().message, HasSubstr("share scales in blocks of 128"));
  EXPECT_EQ(model.find("bare")->scale_type, quant::ScaleType::none);
  EXPECT_THAT(*load_vector(model, *model.find("bare")), ElementsAre(1.0f, 1.0f, 2.0f, 1.0f));
  EXPECT_EQ(model.find("one")->format_name, "FP8 with one scale for the tensor");
  EXPECT_EQ(model.find("other")->format_name, "FP8 with _scale");
  EXPECT_FALSE(model.find("other")->format_known);
}

TEST_F(Quantised, Fp8Refusals) {
  SafetensorsWriter w;
  w.tensor("q", "F8_E4M3", {130, 257}, fill(130 * 257)).tensor("q_scale_inv", "BF16", {2, 2}, fill(8));
  put(w, "{}");
  EXPECT_THAT(open_model_error(dir_.path()),
              HasSubstr("tensor q: scales [2, 2] do not fit shape [130, 257] in blocks of 128x128"));
  put(w, R"({"quantization_config":{"weight_block_size":[0,128]}})");
  EXPECT_THAT(open_model_error(dir_.path()), HasSubstr("quantization_config.weight_block_size is not two sizes"));
}

}  // namespace
}  // namespace sluice::store
