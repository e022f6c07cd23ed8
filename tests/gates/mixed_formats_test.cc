// Experts whose gate and up stand in formats of different kinds: one taken in integers, one in floats. The values are the
// same as in a model of floats alone, so the logits must be, but for the rounding of activations.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "runtime/engine_parts.h"
#include "sluice/engine.h"
#include "sluice/session.h"
#include "support/head_model.h"

namespace sluice {
namespace {

using testing::HeadModel;
using testing::NamedTensor;

constexpr float kScale = 1.0f / 64;
constexpr size_t kGroup = 64;

std::string floats(const std::vector<float>& v) { return {reinterpret_cast<const char*>(v.data()), v.size() * sizeof(float)}; }

// kScale * (q - 8), q of 4 bits.
std::vector<uint8_t> quantise(std::vector<float>& values) {
  std::vector<uint8_t> out;
  for (float& x : values) {
    const float q = std::fmin(std::fmax(std::round(x / kScale) + 8, 0.0f), 15.0f);
    x = kScale * (q - 8);
    out.push_back(static_cast<uint8_t>(q));
  }
  return out;
}

void put_mlx4(testing::SafetensorsWriter& w, const NamedTensor& t, const std::vector<uint8_t>& q) {
  std::string words;
  for (size_t i = 0; i < q.size(); i += 2) words += static_cast<char>(q[i] | q[i + 1] << 4);
  const std::string module = t.name.substr(0, t.name.size() - std::strlen(".weight"));
  const int64_t rows = t.shape[0], groups = t.shape[1] / static_cast<int64_t>(kGroup);
  const auto n = static_cast<size_t>(rows * groups);
  w.tensor(t.name, "U32", {rows, t.shape[1] / 8}, words);
  w.tensor(module + ".scales", "F32", {rows, groups}, floats(std::vector<float>(n, kScale)));
  w.tensor(module + ".biases", "F32", {rows, groups}, floats(std::vector<float>(n, -8 * kScale)));
}

// The golden Qwen3 checkpoint; the experts' gates lie on a grid of 4 bits, and so do their ups. What ends with `packed` is
// stored in those bits.
std::string write(const testing::TempFolder& folder, const std::string& packed) {
  const std::string from = HeadModel::golden() + "seed100/qwen3_moe/";
  testing::SafetensorsWriter w;
  for (NamedTensor& t : testing::read_tensors(from + "model.safetensors")) {
    const bool gate = t.name.ends_with("gate_proj.weight"), up = t.name.ends_with("up_proj.weight");
    const std::vector<uint8_t> q = gate || up ? quantise(t.values) : std::vector<uint8_t>();
    if (!packed.empty() && t.name.ends_with(packed)) put_mlx4(w, t, q);
    else w.tensor(t.name, "F32", t.shape, floats(t.values));
  }
  w.write(folder / "model.safetensors");
  std::ifstream file(from + "config.json");
  std::string config{std::istreambuf_iterator<char>(file), {}};
  config.insert(config.find('{') + 1, "\"quantization\": {\"group_size\": 64, \"bits\": 4},");
  folder.file("config.json", config);
  return folder.path();
}

std::vector<float> logits_of(const std::string& model, int32_t chunk, bool mixed) {
  EngineOptions o;
  o.model = model;
  o.context = 128;
  o.chunk = chunk;
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  if (!engine.ok()) return {};
  const model::ExpertLayer& layer = (*engine)->parts().plan.expert_layers.front();
  EXPECT_EQ(quant::splits_into_integers(layer.gate.shape) != quant::splits_into_integers(layer.up.shape), mixed);
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 24; ++i) ids.push_back((i * 37 + 11) % 320);
  std::vector<float> out;
  const auto keep = [&](int64_t, std::span<const float> row) -> Status {
    out.insert(out.end(), row.begin(), row.end());
    return {};
  };
  EXPECT_TRUE((*engine)->new_session().value()->feed(ids, keep).ok());
  return out;
}

class MixedFormats : public ::testing::TestWithParam<int32_t> {};

TEST_P(MixedFormats, GateOrUpInIntegersAloneChangesNothingElse) {
  const testing::TempFolder plain_folder;
  const std::vector<float> plain = logits_of(write(plain_folder, ""), GetParam(), false);
  ASSERT_EQ(plain.size(), 24u * 320);
  for (const char* packed : {"gate_proj.weight", "up_proj.weight"}) {
    const testing::TempFolder folder;
    const std::vector<float> mixed = logits_of(write(folder, packed), GetParam(), true);
    ASSERT_EQ(mixed.size(), plain.size());
    float most = 0, size = 0;
    for (size_t i = 0; i < plain.size(); ++i) {
      most = std::fmax(most, std::fabs(mixed[i] - plain[i]));
      size = std::fmax(size, std::fabs(plain[i]));
    }
    EXPECT_GT(size, 0.1f);
    EXPECT_LT(most, 1e-3f * size) << packed;
  }
}

INSTANTIATE_TEST_SUITE_P(Chunks, MixedFormats, ::testing::Values(1, 16), [](const auto& p) { return "chunk" + std::to_string(p.param); });

}  // namespace
}  // namespace sluice
