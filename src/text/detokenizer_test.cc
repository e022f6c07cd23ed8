#include "text/detokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "support/tokenizers.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

// Ids 0..255 are bytes.
const Tokenizer& byte_tokenizer() {
  static const auto tokenizer = [] {
    Vocabulary v = test::byte_vocabulary();
    v.added = {{256, "<s>", true}, {257, "<think>", false}};
    return test::must_create(std::move(v));
  }();
  return *tokenizer;
}

std::string decoded(std::string_view bytes) {
  Detokenizer d(byte_tokenizer());
  std::string out;
  for (const char c : bytes) out += d.push(static_cast<uint8_t>(c));
  return out + d.finish();
}

#define FFFD "\xef\xbf\xbd"

// Right-hand sides: Python's bytes.decode("utf-8", errors="replace").
TEST(Detokenizer, ReplacesMaximalSubparts) {
  EXPECT_EQ(decoded("a\xff"
                    "b"),
            "a" FFFD "b");
  EXPECT_EQ(decoded("\xe4\xb8"
                    "a"),
            FFFD "a");
  EXPECT_EQ(decoded("\xe4\xb8\xe4\xb8\xad"), FFFD "\u4e2d");
  EXPECT_EQ(decoded("\xed\xa0\x80"), FFFD FFFD FFFD);
  EXPECT_EQ(decoded("\xf0\x9f\x98"), FFFD);
  EXPECT_EQ(decoded("\xf0\x80\x80\x80"), FFFD FFFD FFFD FFFD);
  EXPECT_EQ(decoded("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD);
  EXPECT_EQ(decoded("\xf1\x80\x80\xc3"), FFFD FFFD);
  EXPECT_EQ(decoded("\xc0\xaf\x80"), FFFD FFFD FFFD);
  EXPECT_EQ(decoded(std::string("\0\xf4\x8f\xbf\xbf", 5)), std::string("\0\U0010ffff", 5));
}

TEST(Detokenizer, HoldsBackIncompleteCharacters) {
  Detokenizer d(byte_tokenizer());
  EXPECT_EQ(d.push(0xf0), "");
  EXPECT_EQ(d.push(0x9f), "");
  EXPECT_EQ(d.push(0x98), "");
  EXPECT_EQ(d.push(0x80), "\U0001f600");
  EXPECT_EQ(d.push(0xc3), "");
  EXPECT_EQ(d.push(257), FFFD "<think>");
  EXPECT_EQ(d.push(0xc3), "");
  EXPECT_EQ(d.finish(), FFFD);
  EXPECT_EQ(d.finish(), "");
  EXPECT_EQ(d.push(-5), "");
}

TEST(Detokenizer, SkipsSpecialTokensOnly) {
  Detokenizer shown(byte_tokenizer());
  EXPECT_EQ(shown.push(256), "<s>");
  Detokenizer skipping(byte_tokenizer(), {.skip_special = true});
  EXPECT_EQ(skipping.push(0xc3), "");
  EXPECT_EQ(skipping.push(256), "");
  EXPECT_EQ(skipping.push(0xa9), "\u00e9") << "a dropped token does not cut a character";
  EXPECT_EQ(skipping.push(257), "<think>");
}

TEST(Detokenizer, NeverEmitsHalfACharacter) {
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (size_t i = random() % 30; i > 0; --i) {
      if (random() % 4 == 0)
        bytes += static_cast<char>(random());
      else
        append_utf8(U"a\u00e9\u4e2d\U0001f600"[random() % 4], bytes);
    }
    Detokenizer d(byte_tokenizer());
    std::string out;
    for (const char c : bytes) {
      const std::string part = d.push(static_cast<uint8_t>(c));
      ASSERT_EQ(utf8_valid_prefix(part), part.size());
      out += part;
    }
    out += d.finish();
    ASSERT_EQ(utf8_valid_prefix(out), out.size());
    if (utf8_valid_prefix(bytes) == bytes.size()) {
      ASSERT_EQ(out, bytes);
    }
  }
}

TEST(Detokenizer, StreamEqualsWholeOnARealVocabulary) {
  const std::string text = "Hello \u4e16\u754c \U0001f9d1\u200d\U0001f680 \u0928\u092e\u0938\u094d\u0924\u0947";
  Detokenizer d(test::gguf_tokenizer());
  std::string out;
  for (const int32_t id : test::ids_of(test::gguf_tokenizer(), text)) out += d.push(id);
  EXPECT_EQ(out + d.finish(), text);
}

}  // namespace
}  // namespace sluice::text
