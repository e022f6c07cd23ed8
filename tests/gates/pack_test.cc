// A pack gives the bytes of the model it was made from: GGUF, one tensor an expert, fused stacks and MLX's triples, in
// every layout. The engine reads the pack's files and no others, one record an expert.
#include "sluice/pack.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "runtime/engine_parts.h"
#include "sluice/engine.h"
#include "sluice/session.h"
#include "store/experts.h"
#include "store/pack_plan.h"
#include "support/safetensors_writer.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using sluice::testing::SafetensorsWriter;
using sluice::testing::TempFolder;

const std::string kSource = SLUICE_SOURCE_DIR;

std::unique_ptr<Engine> open_engine(const std::string& model) {
  EngineOptions o;
  o.model = model;
  o.threads = 2;
  o.chunk = 8;
  o.context = 256;
  auto engine = Engine::open(o);
  EXPECT_TRUE(engine.ok()) << engine.error().message;
  return engine.ok() ? std::move(engine).value() : nullptr;
}

// The logits of every position.
std::vector<float> logits_of(Engine& engine) {
  std::vector<float> out;
  auto session = engine.new_session();
  EXPECT_TRUE(session.ok());
  std::vector<int32_t> ids;
  for (int32_t i = 0; i < 20; ++i) ids.push_back(3 + 13 * i % 300);
  const Status fed = (*session)->feed(ids, [&](int64_t, std::span<const float> row) -> Status {
    out.insert(out.end(), row.begin(), row.end());
    return {};
  });
  EXPECT_TRUE(fed.ok()) << fed.error().message;
  return out;
}

// Every expert is one record at an aligned offset of one file of the pack, and is read in one go.
void expect_records(const Engine::Parts& parts) {
  for (const model::ExpertLayer& layer : parts.plan.expert_layers) {
    for (int32_t e = 0; e < layer.count; ++e) {
      const runtime::RecordReads reads = runtime::record_reads(layer, e, parts.expert_files.alignment);
      ASSERT_EQ(reads.count, 1) << "layer " << layer.layer << " expert " << e;
      ASSERT_GT(reads.reads[0].extent.file, 0) << "the first file is the trunk";
      ASSERT_EQ(reads.reads[0].extent.offset % store::kRecordAlignment, 0u);
      ASSERT_LT(reads.slot_bytes - layer.record_bytes, 2 * parts.expert_files.alignment);
    }
  }
}

void expect_same_from_pack(const std::string& model) {
  const auto original = open_engine(model);
  ASSERT_NE(original, nullptr);
  const std::vector<float> want = logits_of(*original);
  ASSERT_FALSE(want.empty());
  for (const float x : want) ASSERT_TRUE(std::isfinite(x));
  for (const store::PackLayout& layout : store::pack_layouts()) {
    SCOPED_TRACE(layout.name);
    TempFolder dir;
    PackOptions o;
    o.model = model;
    o.out = dir / "pack";
    o.layout = layout.name;
    const auto report = pack(o);
    ASSERT_TRUE(report.ok()) << report.error().message;
    const auto packed = open_engine(o.out);
    ASSERT_NE(packed, nullptr);
    EXPECT_TRUE(packed->info().container.starts_with("pack of ")) << packed->info().container;
    ASSERT_GE(packed->parts().files.files.size(), 2u);
    for (const io::File& file : packed->parts().files.files) EXPECT_TRUE(file.path().starts_with(o.out)) << file.path();
    expect_records(packed->parts());
    const std::vector<float> got = logits_of(*packed);
    ASSERT_EQ(got.size(), want.size());
    EXPECT_EQ(std::memcmp(got.data(), want.data(), got.size() * sizeof(float)), 0);
    EXPECT_GT(packed->parts().experts->counters().misses, 0u);
    EXPECT_EQ(packed->parts().vocabulary.stop_tokens, original->parts().vocabulary.stop_tokens);
    EXPECT_EQ(packed->tokenizer() == nullptr, original->tokenizer() == nullptr);
  }
}

std::string bytes_at(const store::ModelFiles& files, const store::Extent& extent) {
  std::string out(extent.bytes, '\0');
  EXPECT_TRUE(
      files.files[static_cast<size_t>(extent.file)].read(extent.offset, std::as_writable_bytes(std::span(out))).ok());
  return out;
}

// Random 4-bit weights in groups of 32, with scales of about 0.01.
void add_mlx_stack(SafetensorsWriter& w, const std::string& name, int64_t experts, int64_t rows, int64_t cols) {
  static uint32_t state = 1;
  const auto next = [] { return state = state * 1664525 + 1013904223; };
  std::string weight(static_cast<size_t>(experts * rows * cols / 2), '\0'), scales, biases;
  for (char& c : weight) c = static_cast<char>(next() >> 24);
  for (int64_t i = 0; i < experts * rows * cols / 32; ++i) {
    for (auto [side, value] : {std::pair{&scales, 0x3c00u}, {&biases, 0xbd80u}}) {
      const auto bits = static_cast<uint16_t>(value | (next() >> 25));
      side->append(reinterpret_cast<const char*>(&bits), sizeof(bits));
    }
  }
  w.tensor(name + ".weight", "U32", {experts, rows, cols / 8}, weight);
  w.tensor(name + ".scales", "BF16", {experts, rows, cols / 32}, scales);
  w.tensor(name + ".biases", "BF16", {experts, rows, cols / 32}, biases);
}

// The tiny qwen3_moe checkpoint as MLX writes such models: experts stacked and in 4 bits.
std::string write_mlx(const TempFolder& dir) {
  const std::string from = kSource + "/tests/golden/data/seed100/qwen3_moe";
  const auto files = store::open_model(from + "/model.safetensors");
  EXPECT_TRUE(files.ok());
  SafetensorsWriter w;
  w.metadata("format", "mlx");
  for (const store::Tensor& t : files->tensors) {
    if (t.name.find(".experts.") == std::string::npos)
      w.tensor(t.name, t.format_name, t.shape, bytes_at(*files, t.data));
  }
  for (int layer = 0; layer < 3; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".mlp.switch_mlp.";
    add_mlx_stack(w, prefix + "gate_proj", 16, 64, 128);
    add_mlx_stack(w, prefix + "up_proj", 16, 64, 128);
    add_mlx_stack(w, prefix + "down_proj", 16, 128, 64);
  }
  w.write(dir / "model.safetensors");
  std::ifstream in(from + "/config.json");
  std::string config{std::istreambuf_iterator<char>(in), {}};
  config.insert(config.find('{') + 1, "\"quantization\":{\"group_size\":32,\"bits\":4},");
  dir.file("config.json", config);
  return dir.path();
}

TEST(PackGate, DemoFromGguf) {
  expect_same_from_pack(kSource + "/models/demo.gguf");
}

TEST(PackGate, EveryFamilyFromSafetensors) {
  for (const char* family : {"qwen3_moe", "qwen3_next", "qwen3_5_moe"}) {
    SCOPED_TRACE(family);
    TempFolder dir;  // the goldens lie beside the model
    for (const char* name : {"config.json", "model.safetensors"}) {
      fs::copy_file(kSource + "/tests/golden/data/seed100/" + family + "/" + name, dir / name);
    }
    expect_same_from_pack(dir.path());
  }
}

TEST(PackGate, Mlx) {
  TempFolder dir;
  const std::string model = write_mlx(dir);
  const auto files = store::open_model(model);
  ASSERT_TRUE(files.ok()) << files.error().message;
  ASSERT_TRUE(files->mlx);
  ASSERT_EQ(files->find("model.layers.1.mlp.switch_mlp.down_proj.weight")->format, quant::FormatId::mlx4);
  expect_same_from_pack(model);
}

}  // namespace
}  // namespace sluice
