#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <thread>

#include "support/tokenizers.h"
#include "text/nfc.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

using test::byte_vocabulary;
using test::gguf_tokenizer;
using test::ids_of;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int32_t im_start = 151644;

std::string message_of(Vocabulary vocabulary) {
  const auto tokenizer = Tokenizer::create(std::move(vocabulary));
  return tokenizer.ok() ? "" : tokenizer.error().message;
}

std::string joined(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  std::string out;
  for (const int32_t id : ids) out += tokenizer.bytes(id);
  return out;
}

std::string random_text(std::mt19937& random, size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    char32_t c = static_cast<char32_t>(random());
    switch (random() % 5) {
      case 0:
        c = 0x20 + c % 0x60;
        break;
      case 1:
        c = 0x300 + c % 0x70;
        break;
      case 2:
        c = 0x1100 + c % 0x100;
        break;
      case 3:
        c = c % 0x3000;
        break;
      default:
        c = c % 0x110000;
    }
    append_utf8(c >= 0xd800 && c < 0xe000 ? U' ' : c, text);
  }
  return text;
}

TEST(Tokenizer, DecodingGivesTheNormalisedText) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = random_text(random, random() % 40);
    EXPECT_EQ(joined(gguf_tokenizer(), ids_of(gguf_tokenizer(), text)), *to_nfc(text));
  }
}

TEST(Tokenizer, ContentNeverBecomesAControlToken) {
  const Tokenizer& t = gguf_tokenizer();
  const std::string text = "<|im_start|>";
  EXPECT_THAT(ids_of(t, text, true), ElementsAre(im_start));
  EXPECT_GT(ids_of(t, text, false).size(), 1u);
  const std::vector<Segment> segments = {{text, true}, {text, false}, {text + "x", true}};
  std::vector<int32_t> expected = {im_start};
  for (const int32_t id : ids_of(t, text, false)) expected.push_back(id);
  expected.push_back(im_start);
  for (const int32_t id : ids_of(t, "x")) expected.push_back(id);
  EXPECT_EQ(*t.encode(segments), expected);
}

TEST(Tokenizer, AddedTokensDoNotCrossBorders) {
  const Tokenizer& t = gguf_tokenizer();
  for (const bool second : {false, true}) {
    const std::vector<Segment> segments = {{"<|im_", true}, {"start|>", second}};
    EXPECT_EQ(*t.encode(segments), ids_of(t, "<|im_start|>", false));
  }
}

TEST(Tokenizer, OrdinaryTextFlowsAcrossBorders) {
  const Tokenizer& t = gguf_tokenizer();
  const std::vector<Segment> segments = {
      {"Hel", true}, {"lo wor", false}, {"", true}, {"ld e", false}, {"\u0301", true}};
  EXPECT_EQ(*t.encode(segments), ids_of(t, "Hello world \u00e9"));
}

TEST(Tokenizer, LongestAddedTokenWins) {
  Vocabulary v = byte_vocabulary();
  v.added = {{256, "<a", false}, {257, "<a>", true}, {300, "<a>b>", false}};
  const auto t = test::must_create(std::move(v));
  EXPECT_THAT(ids_of(*t, "<a<a><a>b<a>b>", true), ElementsAre(256, 257, 257, 'b', 300));
  EXPECT_THAT(ids_of(*t, "<<a", true), ElementsAre('<', 256));
  EXPECT_EQ(t->size(), 301);
  EXPECT_TRUE(t->is_added(256) && !t->is_special(256) && t->is_special(257));
  for (const int32_t id : {-1, 258, 299, 301, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(t->bytes(id), "");
    EXPECT_FALSE(t->is_added(id) || t->is_special(id));
  }
  EXPECT_EQ(t->id_of("<a>"), 257);
  EXPECT_EQ(t->id_of("a"), 'a');
  EXPECT_EQ(t->id_of("ab"), std::nullopt);
  EXPECT_EQ(t->id_of(""), std::nullopt);
}

TEST(Tokenizer, InvalidUtf8IsNamedByItsOffset) {
  const std::vector<Segment> segments = {{"ab", true}, {"\u00e9x\xff", false}};
  const auto ids = gguf_tokenizer().encode(segments);
  ASSERT_FALSE(ids.ok());
  EXPECT_EQ(ids.error().code, Code::invalid);
  EXPECT_THAT(ids.error().message, HasSubstr("byte 5"));
  const std::vector<Segment> cut = {{"\xc3", true}, {"\xa9", true}};
  EXPECT_FALSE(gguf_tokenizer().encode(cut).ok()) << "a character cut by a border";
}

TEST(Tokenizer, RefusesContradictions) {
  Vocabulary v = byte_vocabulary();
  v.tokens['x'].clear();
  EXPECT_THAT(message_of(v), HasSubstr("byte 0x78 has no token"));
  v = byte_vocabulary({"ab"});
  v.merges.push_back("a b");
  EXPECT_THAT(message_of(v), HasSubstr("merge 1 \"a b\": listed twice"));
  v.merges = {"ab"};
  EXPECT_THAT(message_of(v), HasSubstr("with a space"));
  v.merges = {"a c"};
  EXPECT_THAT(message_of(v), HasSubstr("its result is not in"));
  v.merges = {"zz c"};
  EXPECT_THAT(message_of(v), HasSubstr("its left token"));
  v.merges = {"a \u4e2d"};
  EXPECT_THAT(message_of(v), HasSubstr("not in byte-level spelling"));
  v = byte_vocabulary();
  v.tokens.push_back("a");
  EXPECT_THAT(message_of(v), HasSubstr("token 256: \"a\" already belongs to token 97"));
}

TEST(Tokenizer, RefusesBadAddedTokens) {
  const auto with = [](std::vector<AddedToken> added) {
    Vocabulary v = byte_vocabulary();
    v.added = std::move(added);
    return message_of(std::move(v));
  };
  EXPECT_EQ(with({{'a', "a", false}}), "");
  EXPECT_THAT(with({{'a', "b", false}}), HasSubstr("share the id"));
  EXPECT_THAT(with({{256, "x", false}, {256, "y", false}}), HasSubstr("added token 256: both"));
  EXPECT_THAT(with({{256, "xx", false}, {257, "xx", false}}), HasSubstr("both claim it"));
  EXPECT_THAT(with({{256, "", false}}), HasSubstr("empty"));
  EXPECT_THAT(with({{-1, "x", false}}), HasSubstr("negative id"));
  EXPECT_THAT(with({{INT32_MAX, "x", false}}), HasSubstr("at most 2097151"));
  EXPECT_THAT(with({{256, std::string(1025, 'x'), false}}), HasSubstr("at most 1024"));
}

TEST(Tokenizer, OneTokenIsBounded) {
  const auto with = [](std::string_view token) {
    Vocabulary v = byte_vocabulary();
    v.tokens.emplace_back(token);
    return message_of(std::move(v));
  };
  const std::string most(1 << 14, 'a');
  EXPECT_EQ(with(most), "");
  EXPECT_EQ(with(most + "a"), "token 256: 16385 bytes; at most 16384 are supported");
  // Outside the alphabet, and taken literally.
  EXPECT_EQ(with(" " + std::string(1 << 16, 'a')), "token 256: 65537 bytes; at most 16384 are supported");
}

TEST(Tokenizer, TokensOutsideTheAlphabetAreLiteral) {
  Vocabulary v = byte_vocabulary();
  v.tokens.push_back("\u4e2d ");
  const auto t = test::must_create(std::move(v));
  EXPECT_EQ(t->bytes(256), "\u4e2d ");
  EXPECT_EQ(ids_of(*t, "\u4e2d ").size(), 4u);
}

TEST(Tokenizer, HugeTextsTakeLinearishTime) {
  std::string marks;
  while (marks.size() < 1'000'000) marks += "\u0301\u0327";
  for (const std::string& text :
       {std::string(2'000'000, 'a'), std::string(2'000'000, ' '), std::string(2'000'000, '\n'), marks}) {
    const auto start = std::chrono::steady_clock::now();
    const auto ids = gguf_tokenizer().encode(text, true);
    ASSERT_TRUE(ids.ok()) << ids.error().message;
    EXPECT_EQ(joined(gguf_tokenizer(), *ids).size(), text.size());
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  }
}

TEST(Tokenizer, ThreadsShareOne) {
  Vocabulary v = byte_vocabulary({"hello", " world", "aaaa"});
  const auto t = test::must_create(std::move(v));
  const auto fresh = test::must_create(byte_vocabulary({"hello", " world", "aaaa"}));
  const std::string text = "hello world aaaa hello aaaaa";
  const auto expected = ids_of(*fresh, text);
  std::vector<std::vector<int32_t>> got(4);
  std::vector<std::thread> threads;
  for (auto& ids : got) threads.emplace_back([&] { ids = *t->encode(text, true); });
  for (auto& thread : threads) thread.join();
  for (const auto& ids : got) EXPECT_EQ(ids, expected);
}

}  // namespace
}  // namespace sluice::text
