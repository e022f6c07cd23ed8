#include "store/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/config_json.h"
#include "store/load.h"
#include "support/gguf_writer.h"
#include "support/open_model_error.h"
#include "support/safetensors_writer.h"
#include "support/temp_folder.h"

namespace sluice::store {
namespace {

using sluice::testing::raw;
using sluice::testing::SafetensorsWriter;
using sluice::testing::TempFolder;
using ::testing::ElementsAre;

TEST(Safetensors, PlainTensors) {
  TempFolder dir;
  dir.file("config.json", R"({"model_type":"t"})");
  SafetensorsWriter w;
  w.metadata("format", "pt").tensor("odd", "U8", {3}, "abc").tensor("f32", "F32", {1, 2}, raw(1.5f, -2.0f));
  w.tensor("bf16", "BF16", {2, 1, 2}, raw<uint16_t, uint16_t, uint16_t, uint16_t>(0x3f80, 0x4000, 0x4040, 0x4080))
      .tensor("scalar", "F16", {}, raw<uint16_t>(0x3c00));
  w.tensor("none", "BF16", {0, 4}, "").tensor("future", "F4", {5}, "xx");
  w.write(dir / "model.safetensors");
  for (const std::string& path : {dir.path(), dir.path() + "/", dir / "model.safetensors"}) {
    auto model = open_model(path);
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ(model->container, Container::safetensors);
    EXPECT_FALSE(model->mlx);
    ASSERT_EQ(model->tensors.size(), 6u);
    EXPECT_THAT(*load_vector(*model, *model->find("f32")), ElementsAre(1.5f, -2.0f));
    EXPECT_THAT(*load_vector(*model, *model->find("bf16")), ElementsAre(1.0f, 2.0f, 3.0f, 4.0f));
    EXPECT_THAT(*load_vector(*model, *model->find("scalar")), ElementsAre(1.0f));
    EXPECT_FALSE(model->find("odd")->format_known);
    EXPECT_EQ(model->find("odd")->format_name, "U8");
    EXPECT_FALSE(model->find("none")->format_known);
    EXPECT_EQ(model->find("future")->format_name, "F4");
  }
}

TEST(Safetensors, ShardsByIndexAndWithout) {
  TempFolder dir;
  dir.file("config.json", "{}");
  SafetensorsWriter().tensor("b", "F32", {1}, raw(2.0f)).write(dir / "x-1.safetensors");
  SafetensorsWriter()
      .tensor("a", "F32", {1}, raw(1.0f))
      .tensor("c", "F32", {1}, raw(3.0f))
      .write(dir / "x-2.safetensors");
  for (int round = 0; round < 2; ++round) {
    auto model = open_model(dir.path());
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ(model->files.size(), 2u);
    ASSERT_EQ(model->tensors.size(), 3u);
    EXPECT_THAT(*load_vector(*model, *model->find("a")), ElementsAre(1.0f));
    EXPECT_THAT(*load_vector(*model, *model->find("b")), ElementsAre(2.0f));
    // One shard by name: alone, or all of them where an index lists it.
    EXPECT_EQ(open_model(dir / "x-1.safetensors")->tensors.size(), round == 0 ? 1u : 3u);
    dir.file("model.safetensors.index.json",
             R"({"metadata":{"total_size":12},"weight_map":{"a":"x-2.safetensors","b":"x-1.safetensors"}})");
  }
}

TEST(Config, Flattened) {
  Metadata m;
  ASSERT_TRUE(flatten_json(R"({"a":1,"b":{"c":2.5,"d":{"e":"x"}},"list":[1,2],"mixed":[1,2.5],"names":["p","q"],
    "flags":[true,false],"objects":[{"z":1}],"none":null,"empty":{},"nothing":[],"big":18446744073709551615,
    "quantization":{"bits":4,"model.layers.0.gate":{"bits":8},"model.layers.1":false}})",
                           "config.json", "", m)
                  .ok());
  EXPECT_EQ(*m.integer("a"), 1);
  EXPECT_EQ(*m.real("b.c"), 2.5);
  EXPECT_EQ(*m.text("b.d.e"), "x");
  EXPECT_THAT(std::get<std::vector<int64_t>>(*m.find("list")), ElementsAre(1, 2));
  EXPECT_THAT(std::get<std::vector<double>>(*m.find("mixed")), ElementsAre(1.0, 2.5));
  EXPECT_THAT(std::get<std::vector<std::string>>(*m.find("names")), ElementsAre("p", "q"));
  EXPECT_THAT(std::get<std::vector<bool>>(*m.find("flags")), ElementsAre(true, false));
  for (const char* absent : {"objects", "none", "empty", "b", "b.d"}) EXPECT_FALSE(m.has(absent)) << absent;
  EXPECT_TRUE(std::get<std::vector<int64_t>>(*m.find("nothing")).empty());
  EXPECT_EQ(*m.real("big"), 18446744073709551616.0);
  EXPECT_EQ(*m.integer("quantization.model.layers.0.gate.bits"), 8);
  EXPECT_EQ(*m.boolean_or("quantization.model.layers.1", true), false);
}

}  // namespace
}  // namespace sluice::store
