#include "store/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "store/gguf_types.h"
#include "store/load.h"
#include "support/gguf_writer.h"
#include "support/open_model_error.h"
#include "support/temp_folder.h"

namespace sluice::store {
namespace {

using sluice::testing::gguf_string;
using sluice::testing::GgufWriter;
using sluice::testing::raw;
using sluice::testing::TempFolder;
using ::testing::ElementsAre;

template <class T>
T get(const Metadata& metadata, std::string_view key) {
  const Metadata::Value* value = metadata.find(key);
  if (value == nullptr || !std::holds_alternative<T>(*value)) {
    ADD_FAILURE() << key;
    return T{};
  }
  return std::get<T>(*value);
}

TEST(Gguf, EveryValueType) {
  TempFolder dir;
  GgufWriter w;
  w.kv<uint8_t>("u8", 200).kv<int8_t>("i8", -3).kv<uint16_t>("u16", 60000).kv<int16_t>("i16", -300);
  w.kv<uint32_t>("u32", 4000000000u).kv<int32_t>("i32", -5).kv<uint64_t>("u64", 7).kv<int64_t>("i64", -9);
  w.kv<uint64_t>("huge", ~uint64_t{0}).kv("f32", 0.5f).kv("f64", 0.25).kv("yes", true).kv("text", "one");
  w.kv("ints", std::vector<int32_t>{11, 11, 10, 0}).kv("reals", std::vector<float>{1.5f, -2.0f});
  w.kv("texts", std::vector<std::string>{"a", "", "ccc"}).kv("flags", std::vector<uint8_t>{});
  w.kv("huges", std::vector<uint64_t>{1, ~uint64_t{0}});
  w.kv_raw("bools", 9, raw<uint32_t, uint64_t, uint8_t, uint8_t>(7, 2, 1, 0));
  w.kv_raw("nested", 9,
           raw<uint32_t, uint64_t>(9, 2) + raw<uint32_t, uint64_t>(8, 1) + gguf_string("x") +
               raw<uint32_t, uint64_t, uint16_t>(2, 1, 5));
  w.kv("after", "still read");
  auto model = open_model(dir.file("a.gguf", w.bytes()));
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Metadata& m = model->metadata;
  EXPECT_EQ(get<int64_t>(m, "u8"), 200);
  EXPECT_EQ(get<int64_t>(m, "i8"), -3);
  EXPECT_EQ(get<int64_t>(m, "u16"), 60000);
  EXPECT_EQ(get<int64_t>(m, "i16"), -300);
  EXPECT_EQ(get<int64_t>(m, "u32"), 4000000000);
  EXPECT_EQ(get<int64_t>(m, "i32"), -5);
  EXPECT_EQ(get<int64_t>(m, "u64"), 7);
  EXPECT_EQ(get<int64_t>(m, "i64"), -9);
  EXPECT_EQ(get<double>(m, "huge"), 18446744073709551616.0);
  EXPECT_EQ(get<double>(m, "f32"), 0.5);
  EXPECT_EQ(get<double>(m, "f64"), 0.25);
  EXPECT_EQ(get<bool>(m, "yes"), true);
  EXPECT_EQ(get<std::string>(m, "text"), "one");
  EXPECT_THAT(get<std::vector<int64_t>>(m, "ints"), ElementsAre(11, 11, 10, 0));
  EXPECT_THAT(get<std::vector<double>>(m, "reals"), ElementsAre(1.5, -2.0));
  EXPECT_THAT(get<std::vector<double>>(m, "huges"), ElementsAre(1.0, 18446744073709551616.0));
  EXPECT_THAT(get<std::vector<std::string>>(m, "texts"), ElementsAre("a", "", "ccc"));
  EXPECT_THAT(get<std::vector<bool>>(m, "bools"), ElementsAre(true, false));
  EXPECT_TRUE(get<std::vector<int64_t>>(m, "flags").empty());
  EXPECT_FALSE(m.has("nested"));
  EXPECT_EQ(get<std::string>(m, "after"), "still read");
  EXPECT_EQ(*m.real("u8"), 200.0);
  EXPECT_EQ(m.integer("text").error().message, "key text is a string, expected an integer");
  EXPECT_EQ(m.text("none").error().code, Code::not_found);
}

TEST(Gguf, TensorsAndVersionTwo) {
  TempFolder dir;
  GgufWriter w;
  w.version = 2;
  w.alignment = 64;
  w.kv<uint32_t>("general.alignment", 64);
  w.tensor("b", 0, {3}, raw(1.0f, 2.0f, 3.0f)).tensor("a.weight", 8, {32, 2, 5}, std::string(340, '\0'));
  auto model = open_model(dir.file("a.gguf", w.bytes()));
  ASSERT_TRUE(model.ok()) << model.error().message;
  ASSERT_EQ(model->tensors.size(), 2u);
  EXPECT_EQ(model->container, Container::gguf);
  const Tensor& a = model->tensors[0];
  EXPECT_EQ(a.name, "a.weight");
  EXPECT_EQ(a.format, quant::FormatId::q8_0);
  EXPECT_EQ(a.format_name, "Q8_0");
  EXPECT_THAT(a.shape, ElementsAre(5, 2, 32));
  EXPECT_EQ(a.data.bytes, 340u);
  EXPECT_EQ(a.data.offset % 64, 0u);
  auto values = load_vector(*model, *model->find("b"));
  ASSERT_TRUE(values.ok()) << values.error().message;
  EXPECT_THAT(*values, ElementsAre(1.0f, 2.0f, 3.0f));
  EXPECT_EQ(model->find("c"), nullptr);
}

TEST(Gguf, UnknownTypesOpen) {
  TempFolder dir;
  GgufWriter w;
  w.tensor("future", 99, {7}, std::string(64, 'x')).tensor("tq", 34, {256}, std::string(54, 'x'));
  w.tensor("ints", 26, {4}, std::string(16, 'x'));
  auto model = open_model(dir.file("a.gguf", w.bytes()));
  ASSERT_TRUE(model.ok()) << model.error().message;
  const Tensor* future = model->find("future");
  EXPECT_FALSE(future->format_known);
  EXPECT_EQ(future->format_name, "type 99");
  EXPECT_EQ(future->data.bytes, 0u);
  EXPECT_EQ(model->find("tq")->format_name, "TQ1_0");
  EXPECT_EQ(model->find("tq")->data.bytes, 54u);
  EXPECT_FALSE(model->find("ints")->format_known);
  EXPECT_EQ(load_vector(*model, *future).error().message, "future: format type 99 is not supported");
}

TEST(Gguf, TypeTableAgreesWithFormats) {
  std::set<uint32_t> seen;
  for (const GgufType& type : gguf_types()) EXPECT_TRUE(seen.insert(type.id).second) << type.name;
  for (const quant::Format& format : quant::formats()) {
    if (format.gguf_type < 0) continue;
    const GgufType* type = gguf_type(static_cast<uint32_t>(format.gguf_type));
    ASSERT_NE(type, nullptr) << format.name;
    EXPECT_EQ(type->name, format.name);
    EXPECT_EQ(type->block, format.block) << format.name;
    EXPECT_EQ(type->block_bytes, format.block_bytes) << format.name;
  }
}

GgufWriter four_tensors() {
  GgufWriter w;
  w.kv("general.name", "split me");
  for (const char* name : {"d", "c", "b", "a"}) w.tensor(name, 0, {2}, raw(static_cast<float>(name[0]), 0.5f));
  return w;
}

TEST(GgufSplit, AnyPartOpensAll) {
  TempFolder dir;
  const auto paths = four_tensors().write_split(dir / "model", 3);
  std::vector<std::string> names = paths;
  names.push_back(dir.path());  // the folder holds one split set
  for (const std::string& path : names) {
    auto model = open_model(path);
    ASSERT_TRUE(model.ok()) << model.error().message;
    EXPECT_EQ(model->files.size(), 3u);
    ASSERT_EQ(model->tensors.size(), 4u);
    EXPECT_EQ(*model->metadata.text("general.name"), "split me");
    for (const Tensor& t : model->tensors) {
      auto values = load_vector(*model, t);
      ASSERT_TRUE(values.ok()) << values.error().message;
      EXPECT_THAT(*values, ElementsAre(static_cast<float>(t.name[0]), 0.5f));
    }
  }
}

TEST(GgufSplit, Refusals) {
  using sluice::testing::open_model_error;
  using ::testing::HasSubstr;
  TempFolder dir;
  auto paths = four_tensors().write_split(dir / "m", 3);
  std::filesystem::remove(paths[1]);
  EXPECT_THAT(open_model_error(paths[2]), HasSubstr(paths[1] + ": this part of the model is missing"));
  paths = four_tensors().write_split(dir / "t", 2, 5);
  EXPECT_THAT(open_model_error(paths[0]), HasSubstr("split.tensors.count is 5, the parts hold 4 tensors"));
  paths = four_tensors().write_split(dir / "n", 2);
  std::filesystem::copy_file(paths[0], paths[1], std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(open_model_error(paths[0]), HasSubstr("split.no is 0, but the file's name says 1"));
  paths = four_tensors().write_split(dir / "p", 2);
  std::filesystem::rename(paths[0], dir / "renamed.gguf");
  EXPECT_THAT(open_model_error(dir / "renamed.gguf"),
              HasSubstr("split.count is 2: a part of a split that is not named"));
  std::filesystem::rename(dir / "renamed.gguf", dir / "p-00001-of-00003.gguf");
  EXPECT_THAT(open_model_error(dir / "p-00001-of-00003.gguf"),
              HasSubstr("split.count is 2, but the file's name says 3"));
  EXPECT_THAT(open_model_error(dir / "x-00001-of-99999.gguf"), HasSubstr("a split of 99999 parts"));
  EXPECT_THAT(open_model_error(dir.path()), HasSubstr("models in this folder"));
  // The same name in two parts.
  GgufWriter w;
  w.tensor("same", 0, {1}, raw(1.0f)).tensor("same", 0, {1}, raw(1.0f));
  EXPECT_THAT(open_model_error(w.write_split(dir / "d", 2)[0]), HasSubstr("tensor same is listed twice"));
}

TEST(GgufSplit, Names) {
  auto name = split_name("/a/b-00002-of-00009.gguf");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->prefix, "/a/b");
  EXPECT_EQ(name->part(7), "/a/b-00007-of-00009.gguf");
  for (const char* bad : {"b.gguf", "-00001-of-00002.gguf", "b-00000-of-00002.gguf", "b-00003-of-00002.gguf",
                          "b-0001-of-00002.gguf", "b-0000x-of-00002.gguf", "b-00001-of-00002.ggu", ""}) {
    EXPECT_FALSE(split_name(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace sluice::store
