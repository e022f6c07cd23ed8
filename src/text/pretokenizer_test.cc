#include "text/pretokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <utf8proc.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "support/tokenizers.h"
#include "text/ascii_piece.h"
#include "text/nfc.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

using Texts = std::vector<std::string>;
constexpr Pre both[] = {Pre::qwen2, Pre::qwen35};

Texts pieces_of(const Pretokenizer& rule, std::string_view text, Pieces::Path path = Pieces::Path::fast) {
  Pieces pieces(rule, text, path);
  Texts out;
  while (true) {
    const auto piece = pieces.next();
    if (!piece.ok()) ADD_FAILURE() << piece.error().message;
    if (!piece.ok() || piece->empty()) return out;
    out.emplace_back(*piece);
  }
}

Pretokenizer must_create(Pre pre) {
  return std::move(Pretokenizer::create(pre)).value();
}

TEST(Pretokenizer, VectorPieces) {
  const auto cases =
      nlohmann::json::parse(test::file_text(test::tokenizer_data + "test_vectors/tokenize_cases.json")).at("cases");
  ASSERT_EQ(cases.size(), 30u);
  for (const Pre pre : both) {
    const Pretokenizer rule = must_create(pre);
    for (const auto& one : cases) {
      const auto text = to_nfc(one.at("text").get<std::string>());
      EXPECT_EQ(pieces_of(rule, *text), one.at(pre == Pre::qwen2 ? "qwen2_pieces" : "qwen3_5_pieces").get<Texts>())
          << *text;
    }
  }
}

// One text per class of character that either rule tells apart, and the letters of the contractions.
const Texts alphabet = {"'",
                        "s",
                        "T",
                        "r",
                        "E",
                        "v",
                        "m",
                        "L",
                        "d",
                        "a",
                        "1",
                        " ",
                        "\t",
                        "\n",
                        "\r",
                        "\v",
                        "!",
                        "[",
                        "\x1c",
                        "\x7f",
                        "\u00e9",
                        "\u017f",
                        "\u3000",
                        "\u0301",
                        "\u0663",
                        "\u0085",
                        "\u2014",
                        "\u212a",
                        std::string(1, '\0')};

TEST(Pretokenizer, FastPathEqualsTheExpression) {
  for (const Pre pre : both) {
    const Pretokenizer rule = must_create(pre);
    const auto compare = [&](const std::string& text) {
      ASSERT_EQ(pieces_of(rule, text), pieces_of(rule, text, Pieces::Path::regex_only)) << testing::PrintToString(text);
    };
    for (const auto& a : alphabet) {
      for (const auto& b : alphabet) {
        for (const auto& c : alphabet) {
          compare(a + b + c);
        }
      }
    }
    std::mt19937 random(7);
    for (int round = 0; round < 40000; ++round) {
      std::string text;
      const size_t size = 4 + random() % 12;
      // Few different characters, so that runs and their ends are met often.
      const size_t first = random() % alphabet.size();
      const size_t width = 2 + random() % 8;
      for (size_t i = 0; i < size; ++i) text += alphabet[(first + random() % width) % alphabet.size()];
      compare(text);
    }
    for (int round = 0; round < 20000; ++round) {
      std::string text(1 + random() % 10, '\0');
      for (char& c : text) c = static_cast<char>(random() % 128);
      compare(text);
    }
  }
}

bool is_unassigned_in_pcre2(char32_t c) {
  static pcre2_code* const code = [] {
    int error;
    size_t offset;
    const auto* pattern = reinterpret_cast<PCRE2_SPTR>("\\p{Cn}");
    return pcre2_compile(pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  }();
  static pcre2_match_data* const match = pcre2_match_data_create_from_pattern(code, nullptr);
  std::string text;
  append_utf8(c, text);
  return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, match, nullptr) > 0;
}

// Every character behind a letter and behind a space: the rule, told from utf8proc's categories and White_Space.
TEST(Pretokenizer, ClassesOfAllCharacters) {
  const auto is_white = [](char32_t c) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    return (c >= 9 && c <= 13) || c == 0x85 || (category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP);
  };
  for (const Pre pre : both) {
    const Pretokenizer rule = must_create(pre);
    for (char32_t c = 0; c < 0x110000; ++c) {
      const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
      // The two libraries may be of different Unicode versions: compare what is assigned in both.
      if ((c >= 0xd800 && c < 0xe000) || category == UTF8PROC_CATEGORY_CN || is_unassigned_in_pcre2(c)) continue;
      const bool is_mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
      const bool is_word =
          (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) || (is_mark && pre == Pre::qwen35);
      const bool is_number = category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
      std::string text = "a";
      append_utf8(c, text);
      text += "!";
      const std::string own = text.substr(1, text.size() - 2);
      const Texts expected = is_word                     ? Texts{"a" + own, "!"}
                             : is_number                 ? Texts{"a", own, "!"}
                             : is_white(c) && own == " " ? Texts{"a", " !"}
                             : is_white(c)               ? Texts{"a", own, "!"}
                                                         : Texts{"a", own + "!"};
      ASSERT_EQ(pieces_of(rule, text), expected) << std::hex << static_cast<uint32_t>(c);
    }
  }
}

TEST(Pretokenizer, MongolianVowelSeparatorIsNoSpace) {
  EXPECT_THAT(pieces_of(must_create(Pre::qwen35), "!\u180e!"), testing::ElementsAre("!\u180e!"));
  EXPECT_THAT(pieces_of(must_create(Pre::qwen35), "!\u0085!"), testing::ElementsAre("!", "\u0085", "!"));
}

// Runs of one character, where backtracking could hurt: the bound is some hundred times what it takes.
TEST(Pretokenizer, LongRunsTakeLinearTime) {
  const Pretokenizer rule = must_create(Pre::qwen35);
  for (const std::string unit :
       {"a", " ", "\n", "!", " \n", "\u3000", "\u00e9", "\u0301", "\u3000\n", "\u2014", " a", "\u00e9'"}) {
    std::string text;
    while (text.size() < 3'000'000) text += unit;
    for (const std::string end : {"", "x", "\u00e9"}) {
      const auto start = std::chrono::steady_clock::now();
      Pieces pieces(rule, text += end);
      size_t size = 0;
      while (true) {
        const auto piece = pieces.next();
        ASSERT_TRUE(piece.ok()) << piece.error().message;
        if (piece->empty()) break;
        size += piece->size();
      }
      EXPECT_EQ(size, text.size());
      EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << unit << end;
    }
  }
}

}  // namespace
}  // namespace sluice::text
