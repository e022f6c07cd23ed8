// The families against transformers' own outputs on tiny checkpoints (data/README.md): logits, chosen experts and the
// greedy continuation, in one chunk and in many. On failure the hidden states say which layer went wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>

#include "model/registry.h"
#include "runtime/engine_parts.h"
#include "store/load.h"
#include "store/model_files.h"

namespace sluice {
namespace {

constexpr float kTolerance = 2e-4f;

// The edition beside the checkout was made with rotary frequencies rounded to BF16 (data/README.md).
constexpr char kRounded[] = "shared";

std::string folder_of(const std::string& set, const std::string& family) {
  return std::string(SLUICE_SOURCE_DIR) + (set == kRounded ? "/../shared/golden/" : "/tests/golden/data/" + set + "/") + family;
}

// Reads golden.safetensors: float tensors through the store, ids by hand (int64 is no weight format).
class Golden {
 public:
  explicit Golden(const std::string& folder) {
    auto opened = store::open_model(folder + "/golden.safetensors");
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    files_ = std::move(opened).value();
  }
  std::vector<float> floats(const std::string& name) const {
    const store::Tensor* t = files_.find(name);
    if (t == nullptr) return {};
    auto v = store::load_vector(files_, *t);
    EXPECT_TRUE(v.ok()) << v.error().message;
    return std::move(v).value();
  }
  std::vector<int32_t> ids(const std::string& name) const {
    const store::Tensor* t = files_.find(name);
    EXPECT_NE(t, nullptr) << name;
    std::vector<int64_t> wide(static_cast<size_t>(t->elements()));
    EXPECT_TRUE(files_.files[0].read(t->data.offset, std::as_writable_bytes(std::span(wide))).ok());
    return {wide.begin(), wide.end()};
  }

 private:
  store::ModelFiles files_;
};

// Keeps what passed between layers over all chunks.
struct Recorder : runtime::Observer {
  std::map<int32_t, std::vector<float>> states;
  std::map<int32_t, std::vector<int32_t>> experts;
  void hidden(int32_t layer, std::span<const float> s) override { states[layer].insert(states[layer].end(), s.begin(), s.end()); }
  void routed(int32_t layer, std::span<const int32_t> e) override { experts[layer].insert(experts[layer].end(), e.begin(), e.end()); }
};

float max_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  float most = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

std::unique_ptr<Engine> open_engine(const std::string& folder, int32_t chunk, const std::string& isa) {
  EngineOptions options;
  options.model = folder;
  options.chunk = chunk;
  options.threads = 2;
  options.isa = isa;
  auto engine = Engine::open(options);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  return engine.ok() ? std::move(engine).value() : nullptr;
}

std::string where_it_went_wrong(const Golden& golden, const Recorder& recorder) {
  std::string out;
  for (const auto& [layer, state] : recorder.states) {
    const auto want = golden.floats("hidden_" + std::to_string(layer));
    out += "hidden_" + std::to_string(layer) + " differs by " + std::to_string(max_difference(state, want)) + "\n";
  }
  return out;
}

// The ids of the k largest router logits, sorted.
std::vector<int32_t> top_of(std::span<const float> logits, size_t k) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  order.resize(k);
  std::sort(order.begin(), order.end());
  return order;
}

void expect_same_experts(const Golden& golden, const Recorder& recorder, size_t tokens, size_t k) {
  ASSERT_FALSE(recorder.experts.empty());
  for (const auto& [layer, chosen] : recorder.experts) {
    const auto logits = golden.floats("router_logits_" + std::to_string(layer));
    ASSERT_EQ(logits.size() % tokens, 0u);
    const size_t experts = logits.size() / tokens;
    ASSERT_EQ(chosen.size(), tokens * k);
    for (size_t t = 0; t < tokens; ++t) {
      std::vector<int32_t> ours(chosen.begin() + static_cast<std::ptrdiff_t>(t * k), chosen.begin() + static_cast<std::ptrdiff_t>((t + 1) * k));
      std::sort(ours.begin(), ours.end());
      EXPECT_EQ(ours, top_of(std::span(logits).subspan(t * experts, experts), k)) << "layer " << layer << " token " << t;
    }
  }
}

class GoldenTest : public testing::TestWithParam<std::tuple<std::string, std::string, std::string, int32_t>> {};

TEST_P(GoldenTest, LogitsExpertsAndContinuationEqualTransformers) {
  const auto& [set, family, isa, chunk] = GetParam();
  const std::string folder = folder_of(set, family);
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there (optional: an earlier edition of the data)";
  if (!isa.empty() && !kernels::select(isa).ok()) GTEST_SKIP() << isa << " is not supported by this processor";
  const Golden golden(folder);
  const auto ids = golden.ids("input_ids");
  const auto engine = open_engine(folder, chunk == 0 ? static_cast<int32_t>(ids.size()) : chunk, isa);
  ASSERT_NE(engine, nullptr);
  if (set == kRounded) {
    for (float& f : engine->parts().plan.inv_freq) f = quant::bf16_to_f32(quant::f32_to_bf16(f));
  }
  Recorder recorder;
  engine->parts().observer = &recorder;
  auto session = engine->new_session();
  ASSERT_TRUE(session.ok());

  std::vector<float> logits;
  const Status fed = (*session)->feed(ids, [&](int64_t position, std::span<const float> row) -> Status {
    EXPECT_EQ(position * engine->info().vocab, static_cast<int64_t>(logits.size()));
    logits.insert(logits.end(), row.begin(), row.end());
    return {};
  });
  ASSERT_TRUE(fed.ok()) << fed.error().message;
  EXPECT_LE(max_difference(logits, golden.floats("logits")), kTolerance) << where_it_went_wrong(golden, recorder);
  EXPECT_EQ(recorder.states.size(), static_cast<size_t>(engine->info().layers) + 1);
  expect_same_experts(golden, recorder, ids.size(), static_cast<size_t>(engine->info().top_k));

  engine->parts().observer = nullptr;
  GenerateOptions greedy;
  greedy.max_tokens = 24;
  greedy.ignore_eos = true;
  const auto generated = (*session)->generate({}, greedy, {});
  ASSERT_TRUE(generated.ok()) << generated.error().message;
  EXPECT_EQ(generated->tokens, golden.ids("greedy_ids"));
}

std::vector<std::string> family_names() {
  std::vector<std::string> names;
  for (const model::Family& f : model::families()) names.emplace_back(f.name);
  return names;
}

std::vector<std::string> set_names() {
  std::vector<std::string> names;
  for (const kernels::InstructionSet& s : kernels::instruction_sets()) names.emplace_back(s.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest,
                         testing::Combine(testing::Values("seed100", kRounded), testing::ValuesIn(family_names()), testing::ValuesIn(set_names()),
                                          testing::Values(0, 1, 7, 16)),
                         [](const auto& p) {
                           return std::get<0>(p.param) + "_" + std::get<1>(p.param) + "_" + std::get<2>(p.param) + "_chunk" +
                                  std::to_string(std::get<3>(p.param));
                         });

}  // namespace
}  // namespace sluice
