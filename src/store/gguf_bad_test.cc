// Damaged and hostile GGUF files: each gives one line that says where and what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gguf_writer.h"
#include "support/open_model_error.h"
#include "support/temp_folder.h"

namespace sluice::store {
namespace {

using sluice::testing::gguf_string;
using sluice::testing::GgufWriter;
using sluice::testing::open_model_error;
using sluice::testing::raw;
using sluice::testing::TempFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class BadGguf : public ::testing::Test {
 protected:
  // What is said about these bytes, without the path it must begin with.
  std::string said(std::string_view bytes) {
    const std::string path = dir_.file("bad.gguf", bytes);
    const std::string message = open_model_error(path);
    EXPECT_THAT(message, StartsWith(path));
    return message.substr(std::min(message.size(), path.size()));
  }
  std::string said(const GgufWriter& w) { return said(w.bytes()); }

  TempFolder dir_;
};

GgufWriter small() {
  GgufWriter w;
  w.kv("general.name", "x").kv("list", std::vector<std::string>{"a", "b"}).kv("n", std::vector<int16_t>{1, 2, 3});
  w.kv_raw("deep", 9, raw<uint32_t, uint64_t>(9, 1) + raw<uint32_t, uint64_t, uint32_t>(4, 1, 7));
  w.tensor("a", 0, {4}, std::string(16, 'a')).tensor("b", 8, {32, 2}, std::string(68, 'b'));
  return w;
}

TEST_F(BadGguf, TruncatedAnywhere) {
  const std::string whole = small().bytes();
  for (size_t n = 0; n < whole.size(); ++n) {
    SCOPED_TRACE(n);
    EXPECT_THAT(said(whole.substr(0, n)), HasSubstr(n < 4 ? "magic needs 4 bytes" : ""));
  }
  EXPECT_TRUE(open_model(dir_.file("ok.gguf", whole)).ok());
  EXPECT_TRUE(open_model(dir_.file("ok.gguf", whole + std::string(28, '\0'))).ok());  // padded at the end
}

TEST_F(BadGguf, EveryByteChangedNeverCrashes) {
  const std::string whole = small().bytes();
  for (size_t n = 0; n < whole.size(); ++n) {
    for (const int value : {0x01, 0xff}) {
      std::string damaged = whole;
      damaged[n] = static_cast<char>(value);
      const auto model = open_model(dir_.file("damaged.gguf", damaged));
      EXPECT_TRUE(model.ok() || !model.error().message.empty());
    }
  }
}

TEST_F(BadGguf, Head) {
  EXPECT_EQ(said("PK\3\4 something else entirely"), ": offset 4: not a GGUF file: it begins with 'PK\\x03\\x04'");
  EXPECT_THAT(said(std::string("GGUF") + raw<uint32_t>(0x03000000) + std::string(16, '\0')), HasSubstr("big-endian"));
  EXPECT_THAT(said(std::string("GGUF") + raw<uint32_t>(1) + std::string(16, '\0')),
              HasSubstr("GGUF version 1 is not supported"));
  GgufWriter w = small();
  w.claimed_tensors = int64_t{1} << 60;
  EXPECT_THAT(said(w), HasSubstr("header claims 1152921504606846976 tensors"));
  w = small();
  w.claimed_values = int64_t{1} << 60;
  EXPECT_THAT(said(w), HasSubstr("header claims 1152921504606846976 key-values"));
  w = small();
  w.claimed_values = 3;  // the fourth is taken for a tensor
  EXPECT_THAT(said(w), HasSubstr("tensor deep"));
}

TEST_F(BadGguf, Values) {
  const auto with = [&](std::string_view key, uint32_t type, std::string_view bytes) {
    GgufWriter w;
    w.kv_raw(key, type, bytes).tensor("a", 0, {4}, std::string(160, 'a'));
    return said(w);
  };
  EXPECT_THAT(with("k", 13, "x"),
              AllOf(HasSubstr("unknown value type 13"), HasSubstr("(key k)"), HasSubstr("offset 37")));
  EXPECT_THAT(with("k", 7, "\x02"), HasSubstr("boolean is 2"));
  EXPECT_THAT(with("k", 8, raw<uint64_t>(~uint64_t{0})), HasSubstr("string claims 18446744073709551615"));
  EXPECT_THAT(with("k", 9, raw<uint32_t, uint64_t>(0, uint64_t{1} << 62)),
              HasSubstr("array claims 4611686018427387904"));
  EXPECT_THAT(with("k", 9, raw<uint32_t, uint64_t>(12, uint64_t{1} << 61)), HasSubstr("array claims"));
  EXPECT_THAT(with("k", 9, raw<uint32_t, uint64_t>(8, 100)), HasSubstr("array claims 100 elements"));
  EXPECT_THAT(with("k", 9, raw<uint32_t, uint64_t>(55, 1)), HasSubstr("unknown array element type 55"));
  std::string nested;
  for (int i = 0; i < 200; ++i) nested += raw<uint32_t, uint64_t>(9, 1);
  EXPECT_THAT(with("k", 9, nested), HasSubstr("arrays nested deeper than 8"));
  EXPECT_THAT(with("", 0, "x"), HasSubstr("key 0 '' is empty"));
  EXPECT_THAT(with(std::string_view("a\0b", 3), 0, "x"), HasSubstr("'a\\x00b' holds a NUL byte"));
  EXPECT_THAT(with("a\xff\n", 0, "x"), HasSubstr("'a\\xff\\x0a' is not UTF-8"));
  EXPECT_THAT(with(std::string(70000, 'k'), 0, "x"), HasSubstr("key claims 70000 bytes, more than the 65535 allowed"));
  GgufWriter w;
  w.kv("k", "1").kv("k", "2");
  EXPECT_THAT(said(w), HasSubstr("key k is given twice"));
}

TEST_F(BadGguf, Alignment) {
  for (const uint32_t bad : {0u, 4u, 48u, 1u << 21, ~0u}) {
    GgufWriter w;
    w.kv<uint32_t>("general.alignment", bad);
    EXPECT_THAT(said(w), HasSubstr("general.alignment is")) << bad;
  }
  GgufWriter w;
  w.kv("general.alignment", "32");
  EXPECT_THAT(said(w), HasSubstr("general.alignment is a string"));
}

TEST_F(BadGguf, Tensors) {
  const auto with = [&](std::string_view name, uint32_t type, std::vector<uint64_t> ne, int64_t offset = -1) {
    GgufWriter w;
    w.tensor("first", 0, {16}, std::string(64, 'f'));
    w.tensor(std::string(name), type, std::move(ne), std::string(64, 'x'), offset);
    return said(w);
  };
  EXPECT_THAT(with("t", 0, {16}, 40), HasSubstr("tensor t: its offset 40 is not a multiple of the alignment 32"));
  EXPECT_THAT(with("t", 0, {16}, 96), HasSubstr("tensor t: 64 bytes at data offset 96 end outside the file"));
  EXPECT_THAT(with("t", 0, {16}, INT64_MAX - 31), HasSubstr("end outside the file"));
  EXPECT_THAT(with("t", 0, {16}, 32), HasSubstr("tensors first and t overlap"));
  EXPECT_THAT(with("t", 99, {16}, 32), HasSubstr("tensors first and t overlap"));
  EXPECT_THAT(with("first", 0, {16}), HasSubstr("tensor first is listed twice"));
  EXPECT_THAT(with("t", 0, {}), HasSubstr("tensor t has 0 dimensions, not 1 to 4"));
  EXPECT_THAT(with("t", 0, {1, 1, 1, 1, 1}), HasSubstr("has 5 dimensions"));
  EXPECT_THAT(with("t", 0, {16, 0}), HasSubstr("has a dimension of 0"));
  EXPECT_THAT(with("t", 0, {~uint64_t{0}}), HasSubstr("has a dimension of -1"));
  EXPECT_THAT(with("t", 0, {uint64_t{1} << 40, uint64_t{1} << 40}), HasSubstr("has too many elements"));
  EXPECT_THAT(with("t", 28, {uint64_t{1} << 62}), HasSubstr("has too many bytes"));
  EXPECT_THAT(with("t", 12, {255}), HasSubstr("rows of 255 elements, Q4_K needs a multiple of 256"));
  EXPECT_THAT(with("", 0, {16}), HasSubstr("tensor name '' is empty"));
  EXPECT_THAT(with("\x80", 0, {16}), HasSubstr("is not UTF-8"));
  EXPECT_THAT(with(std::string(2000, 'n'), 0, {16}), HasSubstr("tensor name claims 2000 bytes"));
}

TEST_F(BadGguf, NoSuchFile) {
  EXPECT_THAT(open_model_error(dir_ / "none.gguf"), HasSubstr("none.gguf: cannot open"));
  EXPECT_THAT(open_model_error(dir_.path()), HasSubstr("no .safetensors and no .gguf files"));
  EXPECT_THAT(open_model_error(dir_.file("x.bin", "what is this?")),
              HasSubstr("neither a GGUF nor a safetensors file"));
  EXPECT_THAT(open_model_error(dir_.file("empty", "")), HasSubstr("neither a GGUF nor a safetensors file"));
}

}  // namespace
}  // namespace sluice::store
