// The files a checkout of the shared folder has: what real writers make.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>

#include "store/experts.h"
#include "store/load.h"
#include "store/model_files.h"

namespace sluice::store {
namespace {

const std::string kShared = std::string(SLUICE_SOURCE_DIR) + "/../shared/";

#define NEED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "SKIPPED: " << (path) << " is not there, real files are untested"

std::map<std::string, int> formats(const ModelFiles& model) {
  std::map<std::string, int> out;
  for (const Tensor& t : model.tensors) ++out[t.format_name];
  return out;
}

TEST(RealFiles, GoldenCheckpoint) {
  const std::string path = kShared + "golden/qwen3_5_moe";
  NEED(path);
  auto model = open_model(path);
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_EQ(model->tensors.size(), 256u);
  EXPECT_FALSE(model->mlx);
  EXPECT_EQ(formats(*model), (std::map<std::string, int>{{"BF16", 256}}));
  const Tensor* head = model->find("lm_head.weight");
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->shape, (std::vector<int64_t>{320, 128}));
  auto values = load_vector(*model, *head);
  ASSERT_TRUE(values.ok()) << values.error().message;
  for (const float v : *values) ASSERT_TRUE(std::isfinite(v));
  EXPECT_EQ(*model->metadata.text("model_type"), "qwen3_5_moe_text");
}

TEST(RealFiles, EveryGoldenFamilyOpens) {
  NEED(kShared + "golden");
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kShared + "golden")) {
    if (!entry.is_directory()) continue;
    auto model = open_model(entry.path().string());
    ASSERT_TRUE(model.ok()) << model.error().message;
    for (const Tensor& t : model->tensors) EXPECT_TRUE(t.format_known) << t.name;
    auto golden = open_model(entry.path().string() + "/golden.safetensors");
    ASSERT_TRUE(golden.ok()) << golden.error().message;
    EXPECT_NE(golden->find("logits"), nullptr);
    ++count;
  }
  EXPECT_GE(count, 9);
}

TEST(RealFiles, DemoGguf) {
  for (const char* name : {"demo-Q2_K", "demo-Q4_K_M"}) {
    const std::string path = kShared + "demo-model/gguf/" + name + ".gguf";
    NEED(path);
    auto model = open_model(path);
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ(*model->metadata.text("general.architecture"), "qwen35moe");
    EXPECT_GT(model->tensors.size(), 100u);
    for (const Tensor& t : model->tensors) EXPECT_TRUE(t.format_known) << t.name << " " << t.format_name;
    const Tensor* up = model->find("blk.0.ffn_up_exps.weight");
    ASSERT_NE(up, nullptr);
    EXPECT_EQ(up->shape, (std::vector<int64_t>{32, 256, 256}));
    auto whole = load_vector(*model, *up);
    ASSERT_TRUE(whole.ok()) << whole.error().message;
    auto expert = slice_expert(*up, 31);
    ASSERT_TRUE(expert.ok()) << expert.error().message;
    auto values = load_vector(*model, *expert);
    ASSERT_TRUE(values.ok()) << values.error().message;
    EXPECT_TRUE(std::equal(values->begin(), values->end(), whole->end() - 65536));
  }
}

TEST(RealFiles, DemoMlx) {
  const std::string path = kShared + "demo-model/mlx-4bit";
  NEED(path);
  auto model = open_model(path);
  ASSERT_TRUE(model.ok()) << model.error().message;
  EXPECT_TRUE(model->mlx);
  for (const Tensor& t : model->tensors) EXPECT_TRUE(t.format_known) << t.name << " " << t.format_name;
  const Tensor* up = model->find("language_model.model.layers.0.mlp.switch_mlp.up_proj.weight");
  ASSERT_NE(up, nullptr);
  EXPECT_EQ(up->format, quant::FormatId::mlx4);
  EXPECT_EQ(up->shape, (std::vector<int64_t>{32, 256, 256}));
  EXPECT_EQ(up->group, 64);
  const Tensor* gate = model->find("language_model.model.layers.0.mlp.gate.weight");
  ASSERT_NE(gate, nullptr);
  EXPECT_EQ(gate->format, quant::FormatId::mlx8);
  EXPECT_EQ(gate->shape, (std::vector<int64_t>{32, 256}));
  EXPECT_EQ(model->find("language_model.lm_head.scales"), nullptr);
  EXPECT_EQ(*model->metadata.integer("generation.top_k"), 20);
}

TEST(RealFiles, VocabularyOpensFast) {
  const std::string path = kShared + "data/tokenizers/qwen3_5/ggml-vocab-qwen35.gguf";
  NEED(path);
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    auto model = open_model(path);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    ASSERT_TRUE(model.ok()) << model.error().message;
    const auto* tokens = std::get_if<std::vector<std::string>>(model->metadata.find("tokenizer.ggml.tokens"));
    ASSERT_NE(tokens, nullptr);
    EXPECT_EQ(tokens->size(), 151936u);
    best = std::min(best, took.count());
  }
  RecordProperty("open_ms", std::to_string(best));
  std::cout << "vocabulary opened in " << best << " ms\n";
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(best, 500.0);  // far above what it takes: a guard against quadratic work, not a benchmark
#endif
}

}  // namespace
}  // namespace sluice::store
