// Tiny synthetic models of every family and format: shape, scale of the weights, and 20 tokens of the real engine.
#include "store/synth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "quant/format.h"
#include "sluice/engine.h"
#include "sluice/session.h"
#include "store/load.h"
#include "store/synth_shape.h"
#include "support/temp_folder.h"
#include "text/tokenizer.h"

namespace sluice {
namespace {

using store::SynthOptions;

SynthOptions tiny(const std::string& shape, const std::string& out) {
  SynthOptions o;
  o.shape = shape;
  o.out = out;
  o.threads = 2;
  return o;
}

EngineOptions small(const std::string& model) {
  EngineOptions o;
  o.model = model;
  o.context = 64;
  o.threads = 2;
  return o;
}

// Mean and deviation of all values, the first of each row apart.
struct Moments {
  double mean = 0, deviation = 0;
  std::set<float> firsts;
};

Moments moments(const std::string& model, const char* tensor) {
  Moments out;
  const auto files = store::open_model(model);
  if (!files.ok() || files->find(tensor) == nullptr) return out;
  const store::Tensor& t = *files->find(tensor);
  const auto values = store::load_vector(*files, t);
  const auto cols = static_cast<size_t>(t.shape.back());
  double count = 0;
  for (size_t i = 0; values.ok() && i < values->size(); ++i) {
    if (i % cols == 0) {
      out.firsts.insert((*values)[i]);
      continue;
    }
    ++count;
    out.mean += (*values)[i];
    out.deviation += double{(*values)[i]} * (*values)[i];
  }
  out.mean /= count;
  out.deviation = std::sqrt(out.deviation / count - out.mean * out.mean);
  return out;
}

// Takes 12 tokens in and generates 20: every logit finite, not all alike.
void expect_it_runs(const std::string& model) {
  const auto engine = Engine::open(small(model));
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  const auto session = (*engine)->new_session();
  ASSERT_TRUE(session.ok()) << session.error().message;
  const std::vector<int32_t> prompt = {5, 300, 17, 400, 33, 444, 90, 512, 255, 7, 281, 64};
  int64_t seen = 0;
  const Status fed = (*session)->feed(prompt, [&](int64_t, std::span<const float> logits) -> Status {
    ++seen;
    const auto [least, most] = std::minmax_element(logits.begin(), logits.end());
    EXPECT_TRUE(std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); }));
    EXPECT_GT(*most - *least, 2.0f);  // normal: about 6 over a thousand
    EXPECT_LT(*most - *least, 20.0f);
    return {};
  });
  ASSERT_TRUE(fed.ok()) << fed.error().message;
  EXPECT_EQ(seen, 12);
  GenerateOptions o;
  o.max_tokens = 20;
  o.ignore_eos = true;
  const auto generation = (*session)->generate(std::vector<int32_t>{9}, o, {});
  ASSERT_TRUE(generation.ok()) << generation.error().message;
  EXPECT_EQ(generation->tokens.size(), 20u);
  EXPECT_FALSE(generation->text.empty());
}

class EveryFormat : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryFormat, OfEveryFamilyRuns) {
  const testing::TempFolder folder;
  for (const char* shape : {"tiny", "tiny-next", "tiny-qwen3"}) {
    SCOPED_TRACE(shape);
    SynthOptions o = tiny(shape, folder / "model.gguf");
    o.format = GetParam();
    o.layers = 4;
    const auto report = store::synthesize(o);
    ASSERT_TRUE(report.ok()) << report.error().message;
    expect_it_runs(o.out);
  }
}

TEST_P(EveryFormat, HasTheScaleAsked) {
  const testing::TempFolder folder;
  SynthOptions o = tiny("tiny", folder / "model.gguf");
  o.format = GetParam();
  o.layers = 4;
  ASSERT_TRUE(store::synthesize(o).ok());
  for (const auto& [name, deviation] : {std::pair{"token_embd.weight", 1.0},
                                        {"output.weight", 1.0 / 16},
                                        {"blk.0.ffn_up_exps.weight", 1.0 / 16},
                                        {"blk.3.ffn_down_exps.weight", 0.3 / 16},
                                        {"blk.0.ffn_gate_inp.weight", 1.5 / 16}}) {
    SCOPED_TRACE(name);
    const Moments m = moments(o.out, name);
    // The first sub-block of an embedding row keeps the scale of its constant, and a tiny row has few others.
    EXPECT_NEAR(m.deviation / deviation, 1, deviation == 1.0 ? 0.1 : 0.04);
    EXPECT_NEAR(m.mean / deviation, 0, 0.04);
  }
  const Moments embedding = moments(o.out, "token_embd.weight");
  ASSERT_EQ(embedding.firsts.size(), 1u);  // one constant in all 1024 rows
  EXPECT_NEAR(*embedding.firsts.begin(), 1.0f, 0.2f);
  EXPECT_GT(moments(o.out, "blk.0.ffn_gate_inp.weight").firsts.size(), 10u);
}

std::vector<std::string> format_names() {
  std::vector<std::string> out;
  for (const quant::Format& format : quant::formats()) {
    if (store::synth_format(format.name) != nullptr) out.emplace_back(format.name);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Synth, EveryFormat, ::testing::ValuesIn(format_names()),
                         [](const auto& name) { return name.param; });

TEST(Synth, FormatsAreManyAndNamed) {
  EXPECT_THAT(format_names(), ::testing::IsSupersetOf({"F32", "F16", "BF16", "Q8_0", "Q6_K", "Q4_K", "Q4_0"}));
  EXPECT_EQ(store::synth_format("IQ1_M"), nullptr);
  EXPECT_NE(store::synth_format("q4_k"), nullptr);
}

struct Expected {
  const char *shape, *family;
  int32_t layers, attention, shared;
};

TEST(Synth, InspectShowsTheShape) {
  const testing::TempFolder folder;
  for (const Expected& e : {Expected{"tiny", "qwen3_5_moe", 8, 2, 256},
                            {"tiny-next", "qwen3_next", 8, 2, 256},
                            {"tiny-qwen3", "qwen3_moe", 4, 4, 0}}) {
    SCOPED_TRACE(e.shape);
    const SynthOptions o = tiny(e.shape, folder / "model.gguf");
    ASSERT_TRUE(store::synthesize(o).ok());
    const auto info = inspect(small(o.out));
    ASSERT_TRUE(info.ok()) << info.error().message;
    EXPECT_EQ(info->family, e.family);
    EXPECT_EQ(info->layers, e.layers);
    EXPECT_EQ(info->attention_layers, e.attention);
    EXPECT_EQ(info->recurrent_layers, e.layers - e.attention);
    EXPECT_EQ(info->shared_width, e.shared);
    EXPECT_EQ(info->experts, 16);
    EXPECT_EQ(info->top_k, 4);
    EXPECT_EQ(info->expert_width, 256);
    EXPECT_EQ(info->vocab, 1024);
  }
}

TEST(Synth, FewerLayersAreTheFirstOnesOfTheSameModel) {
  const testing::TempFolder folder;
  SynthOptions o = tiny("tiny", folder / "model.gguf");
  const auto whole = store::synthesize(o);
  ASSERT_TRUE(whole.ok());
  const Moments before = moments(o.out, "blk.4.ffn_gate_inp.weight");
  o.layers = 5;
  const auto cut = store::synthesize(o);
  ASSERT_TRUE(cut.ok());
  EXPECT_LT(cut->bytes, whole->bytes);
  EXPECT_EQ(moments(o.out, "blk.4.ffn_gate_inp.weight").firsts, before.firsts);
  const auto files = store::open_model(o.out);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(files->metadata.integer("qwen35moe.block_count").value(), 5);
  EXPECT_EQ(files->metadata.integer("qwen35moe.full_attention_interval").value(), 4);
  const auto info = inspect(small(o.out));
  ASSERT_TRUE(info.ok()) << info.error().message;
  EXPECT_EQ(info->attention_layers, 1);
  EXPECT_EQ(info->recurrent_layers, 4);
}

TEST(Synth, SkewMakesSomeExpertsPopularAndCanBeOff) {
  const testing::TempFolder folder;
  SynthOptions o = tiny("tiny", folder / "model.gguf");
  o.skew = 0;
  ASSERT_TRUE(store::synthesize(o).ok());
  EXPECT_GT(moments(o.out, "token_embd.weight").firsts.size(), 10u);
  const auto even = moments(o.out, "blk.0.ffn_gate_inp.weight").firsts;
  EXPECT_LT(*even.rbegin(), 0.5f);  // 16 draws of deviation 1.5 / 16
  o.skew = 1;
  ASSERT_TRUE(store::synthesize(o).ok());
  EXPECT_GT(*moments(o.out, "blk.0.ffn_gate_inp.weight").firsts.rbegin(), 0.5f);
}

TEST(Synth, GeneratedVocabularyIsOneOurTokenizerTakes) {
  const testing::TempFolder folder;
  for (const char* shape : {"tiny", "tiny-next", "tiny-qwen3"}) {
    const SynthOptions o = tiny(shape, folder / "model.gguf");
    ASSERT_TRUE(store::synthesize(o).ok());
    const auto tokenizer = load_tokenizer(o.out);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().message;
    EXPECT_EQ((*tokenizer)->id_of("<|endoftext|>"), 992);
    EXPECT_EQ((*tokenizer)->id_of("<|im_end|>"), 994);
    const auto ids = (*tokenizer)->encode("a fox, \xc3\xa9 \xe4\xbd\xa0", false);
    ASSERT_TRUE(ids.ok());
    std::string back;
    for (const int32_t id : *ids) back += (*tokenizer)->bytes(id);
    EXPECT_EQ(back, "a fox, \xc3\xa9 \xe4\xbd\xa0");
  }
}

TEST(Synth, CopiesAVocabularyAndPadsIt) {
  const testing::TempFolder folder;
  SynthOptions o = tiny("tiny", folder / "model.gguf");
  o.vocabulary = SLUICE_SOURCE_DIR "/models/demo.gguf";
  ASSERT_TRUE(store::synthesize(o).ok());
  const auto ours = load_tokenizer(o.out), demo = load_tokenizer(o.vocabulary);
  ASSERT_TRUE(ours.ok() && demo.ok());
  EXPECT_EQ((*ours)->encode("Once upon a time", false).value(), (*demo)->encode("Once upon a time", false).value());
  expect_it_runs(o.out);
}

}  // namespace
}  // namespace sluice
