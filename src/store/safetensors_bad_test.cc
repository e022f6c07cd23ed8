// Damaged and hostile safetensors folders: each gives one line that says where and what.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gguf_writer.h"
#include "support/open_model_error.h"
#include "support/safetensors_writer.h"
#include "support/temp_folder.h"

namespace sluice::store {
namespace {

using sluice::testing::open_model_error;
using sluice::testing::raw;
using sluice::testing::SafetensorsWriter;
using sluice::testing::TempFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

class BadSafetensors : public ::testing::Test {
 protected:
  BadSafetensors() { dir_.file("config.json", "{}"); }

  std::string said(std::string_view bytes) {
    dir_.file("model.safetensors", bytes);
    const std::string message = open_model_error(dir_.path());
    EXPECT_THAT(message, HasSubstr(dir_.path()));
    return message;
  }
  std::string said_of_header(std::string_view header, size_t data = 16) {
    return said(SafetensorsWriter::with_header(header, std::string(data, 'd')));
  }
  std::string said_of_config(std::string_view config) {
    SafetensorsWriter().tensor("a", "F32", {1}, "1234").write(dir_ / "model.safetensors");
    dir_.file("config.json", config);
    return open_model_error(dir_.path());
  }

  TempFolder dir_;
};

TEST_F(BadSafetensors, TruncatedAnywhere) {
  SafetensorsWriter w;
  w.metadata("format", "pt").tensor("a", "F32", {2}, "12345678").tensor("b", "BF16", {1, 3}, "abcdef");
  const std::string whole = w.bytes();
  for (size_t n = 0; n < whole.size(); ++n) {
    SCOPED_TRACE(n);
    EXPECT_THAT(said(whole.substr(0, n)), HasSubstr("model.safetensors: "));
  }
  dir_.file("model.safetensors", whole);
  EXPECT_TRUE(open_model(dir_.path()).ok());
}

TEST_F(BadSafetensors, EveryByteChangedNeverCrashes) {
  SafetensorsWriter w;
  w.tensor("a.weight", "U32", {2, 8}, std::string(64, 'w')).tensor("a.scales", "BF16", {2, 1}, "1234");
  w.tensor("a.biases", "BF16", {2, 1}, "1234")
      .tensor("q", "F8_E4M3", {2, 2}, "1234")
      .tensor("q_scale_inv", "F32", {1, 1}, "1234");
  const std::string whole = w.bytes();
  ASSERT_TRUE((dir_.file("model.safetensors", whole), open_model(dir_.path()).ok()));
  for (size_t n = 0; n < whole.size(); ++n) {
    for (const char value : {'9', '"'}) {
      std::string damaged = whole;
      damaged[n] = value;
      dir_.file("model.safetensors", damaged);
      const auto model = open_model(dir_.path());
      EXPECT_TRUE(model.ok() || !model.error().message.empty());
    }
  }
}

TEST_F(BadSafetensors, Header) {
  EXPECT_THAT(said(raw<uint64_t>(~uint64_t{0}) + "{}"),
              HasSubstr("byte 0: the header claims 18446744073709551615 bytes"));
  EXPECT_THAT(said(raw<uint64_t>(100) + "{}"), HasSubstr("the header claims 100 bytes, the file has 10"));
  EXPECT_THAT(said_of_header("[]"), HasSubstr("byte 8: the header is no JSON object"));
  EXPECT_THAT(said_of_header(R"({"a":)"), AllOf(HasSubstr("header: byte 6"), HasSubstr("syntax error")));
  EXPECT_THAT(said_of_header("{\"a\":\"\xff\"}"), HasSubstr("ill-formed UTF-8"));
  EXPECT_THAT(said_of_header(std::string(R"({"a":)") + std::string(100000, '[')),
              HasSubstr("JSON nested deeper than 32"));
  const std::string entry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_THAT(said_of_header(fmt::format(R"({{"a":{},"a":{}}})", entry, entry)), HasSubstr("key \"a\" is given twice"));
  EXPECT_THAT(said_of_header(fmt::format(R"({{"":{}}})", entry)), HasSubstr("the name is empty"));
  EXPECT_THAT(said_of_header(fmt::format(R"({{"a\u0000b":{}}})", entry)),
              HasSubstr("tensor a\\x00b: the name holds a NUL byte"));
}

TEST_F(BadSafetensors, Entries) {
  const auto with = [&](std::string_view entry) { return said_of_header(fmt::format("{{\"t\":{}}}", entry)); };
  EXPECT_THAT(with("7"), HasSubstr("tensor t: dtype is missing"));
  EXPECT_THAT(with(R"({"dtype":"F32"})"), HasSubstr("tensor t: shape is missing"));
  EXPECT_THAT(with(R"({"dtype":"F32","shape":[1]})"), HasSubstr("tensor t: data_offsets is missing"));
  EXPECT_THAT(with(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"), HasSubstr("shape holds something else"));
  EXPECT_THAT(with(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,4]})"), HasSubstr("shape holds something else"));
  EXPECT_THAT(with(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})"),
              HasSubstr("data_offsets is no [begin, end]"));
  EXPECT_THAT(with(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})"), HasSubstr("data_offsets is no"));
  EXPECT_THAT(with(R"({"dtype":"F32","shape":[8],"data_offsets":[0,32]})"),
              HasSubstr("end at 32, the data has 16 bytes"));
  EXPECT_THAT(with(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"),
              HasSubstr("F32 [3] does not fit its 8 bytes"));
  EXPECT_THAT(with(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]})"),
              HasSubstr("too many elements"));
  EXPECT_THAT(with(R"({"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0]})"), HasSubstr("does not fit"));
  EXPECT_THAT(with(R"({"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]})"), HasSubstr("9 dimensions"));
  EXPECT_THAT(said_of_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
                                 "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})"),
              HasSubstr("tensors a and b overlap"));
}

TEST_F(BadSafetensors, Index) {
  SafetensorsWriter().tensor("a", "F32", {1}, "1234").write(dir_ / "one.safetensors");
  SafetensorsWriter().tensor("b", "F32", {1}, "1234").write(dir_ / "two.safetensors");
  const auto with = [&](std::string_view index) {
    dir_.file("model.safetensors.index.json", index);
    const std::string message = open_model_error(dir_.path());
    EXPECT_THAT(message, HasSubstr("model.safetensors.index.json"));
    return message;
  };
  EXPECT_THAT(with(R"({"weight_map":{"a":"three.safetensors"}})"),
              HasSubstr("three.safetensors: this part of the model is missing"));
  for (const char* name : {"../one.safetensors", "..", ".", "", "/etc/passwd", "a\\\\b", "a\\u0000"}) {
    EXPECT_THAT(with(fmt::format(R"({{"weight_map":{{"a":"{}"}}}})", name)), HasSubstr("is not a plain file name"));
  }
  EXPECT_THAT(with(R"({"weight_map":{"a":7}})"), HasSubstr("weight_map a: '' is not a plain file name"));
  EXPECT_THAT(with(R"({"weight_map":[]})"), HasSubstr("weight_map is missing or no object"));
  EXPECT_THAT(with(R"({"weight_map":{}})"), HasSubstr("weight_map is empty"));
  EXPECT_THAT(with("{"), HasSubstr("byte 2: "));
  EXPECT_THAT(with(R"({"weight_map":{"a":"two.safetensors","b":"two.safetensors"}})"),
              HasSubstr("tensor a is not in two.safetensors"));
  EXPECT_THAT(with(R"({"weight_map":{"a":"two.safetensors","b":"one.safetensors"}})"),
              HasSubstr("tensor a is not in two.safetensors"));
}

TEST_F(BadSafetensors, DuplicateAcrossShards) {
  SafetensorsWriter().tensor("a", "F32", {1}, "1234").write(dir_ / "one.safetensors");
  SafetensorsWriter().tensor("a", "F32", {1}, "1234").write(dir_ / "two.safetensors");
  EXPECT_THAT(open_model_error(dir_.path()), HasSubstr("tensor a is listed twice"));
}

TEST_F(BadSafetensors, Config) {
  EXPECT_THAT(said_of_config("{\"a\": }"), AllOf(HasSubstr("config.json: byte 7"), HasSubstr("syntax error")));
  EXPECT_THAT(said_of_config("[1]"), HasSubstr("config.json: not a JSON object"));
  EXPECT_THAT(said_of_config(R"({"a":{"b":1},"a.b":2})"), HasSubstr("config.json: key a.b is given twice"));
  EXPECT_THAT(said_of_config(R"({"x":1e999})"), HasSubstr("config.json: byte"));
  std::string deep = "1";
  for (int i = 0; i < 40; ++i) deep = fmt::format(R"({{"k":{}}})", deep);
  EXPECT_THAT(said_of_config(deep), HasSubstr("JSON nested deeper than 32"));
  // Long outer keys are repeated in every inner one: the product is bounded, not only the text.
  std::string many = fmt::format(R"({{"{}":{{)", std::string(60000, 'k'));
  for (int i = 0; i < 2000; ++i) many += fmt::format(R"("{}":null,)", i);
  EXPECT_THAT(said_of_config(many + "\"z\":1}}"), HasSubstr("keys are too long"));
  std::filesystem::remove(dir_ / "config.json");
  EXPECT_THAT(open_model_error(dir_.path()), HasSubstr("config.json: missing"));
}

}  // namespace
}  // namespace sluice::store
