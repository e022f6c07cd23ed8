#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "cli/chat/markdown_stream.h"
#include "cli/chat/terminal_text.h"

namespace sluice::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> whole(std::string_view text, const MarkdownLook& look) {
  MarkdownStream stream(look);
  std::vector<std::string> out = stream.push(text);
  for (std::string& row : stream.finish()) out.push_back(std::move(row));
  EXPECT_EQ(stream.tail(), "");
  return out;
}

std::vector<std::string> plain(std::string_view text, int width = 40) { return whole(text, {width, false}); }

constexpr std::string_view kDocument = R"(# A title with `code`

Some *text* that is **long** enough to be broken over rows, with a [link](https://example.org/a) and ~~nothing~~ 漢字漢字漢字漢字漢字漢字.
- one
- two
  - inner

  still inner

1. first
2. second

   ```c
   int x;

   int y;
   ```

> quoted
> text

```python
def f():

    return "```"
```
| a | b |
|--:|---|
| 1 | two |

***
&lt;tag&gt; &#27;[31m end
)";

TEST(Markdown, Blocks) {
  EXPECT_THAT(plain("Hello\nworld"), ElementsAre("Hello world"));
  EXPECT_THAT(plain("# T\nx\n\n\n\ny"), ElementsAre("# T", "", "x", "", "y"));
  EXPECT_THAT(plain("- a\n- b\n  1. c\n  2. d\n"), ElementsAre("• a", "• b", "  1. c", "  2. d"));
  EXPECT_THAT(plain("3) a\n4) b"), ElementsAre("3) a", "4) b"));
  EXPECT_THAT(plain("- [ ] a\n- [x] b"), ElementsAre("☐ a", "☑ b"));
  EXPECT_THAT(plain("> a\n> b\n\nc"), ElementsAre("│ a b", "", "c"));
  EXPECT_THAT(plain("x\n```\n  a  b\n\n# c\n```\ny"), ElementsAre("x", "", "    a  b", "  ", "  # c", "", "y"));
  EXPECT_THAT(plain("a `b  c` **d**"), ElementsAre("a `b  c` d"));
  EXPECT_THAT(plain("| a | bc |\n|--:|:-:|\n| 123 | d |"), ElementsAre("  a │ bc", "────┼───", "123 │ d"));
  EXPECT_THAT(plain("[t](http://x.y) <http://a.b>"), ElementsAre("t (http://x.y) http://a.b"));
  EXPECT_THAT(plain("a<br>b"), ElementsAre("a", "b"));
}

TEST(Markdown, Widths) {
  EXPECT_THAT(plain("aa bb cc", 5), ElementsAre("aa bb", "cc"));
  EXPECT_THAT(plain("abcdefgh", 3), ElementsAre("abc", "def", "gh"));
  EXPECT_THAT(plain("漢字漢字", 5), ElementsAre("漢字", "漢字"));
  EXPECT_EQ(text_width("e\xcc\x81x漢"), 4);
  for (int width = 4; width < 100; width += 3) {
    for (const std::string& row : whole(kDocument, {width, false})) EXPECT_LE(text_width(row), std::max(width, 16)) << width << ": " << row;
  }
  EXPECT_THAT(plain("| name | what |\n|---|---|\n| a | a long text here |", 12), ElementsAre("name: a", "what: a long", "text here"));
}

TEST(Markdown, ColoursOnlyWhereWanted) {
  EXPECT_THAT(whole("**a** b", {40, true}), ElementsAre("\033[1ma\033[0m b"));
  for (const std::string& row : plain(kDocument)) EXPECT_EQ(row.find('\033'), std::string::npos) << row;
}

TEST(Markdown, RandomSplitsEqualTheWhole) {
  std::mt19937 random(1);
  for (const bool colour : {true, false}) {
    const MarkdownLook look{30, colour};
    const auto expected = whole(kDocument, look);
    EXPECT_GT(expected.size(), 20u);
    for (int round = 0; round < 300; ++round) {
      MarkdownStream stream(look);
      std::vector<std::string> rows;
      std::string_view rest = kDocument;
      while (!rest.empty()) {
        const size_t n = std::min<size_t>(rest.size(), 1 + random() % (round % 40 + 1));
        for (std::string& row : stream.push(rest.substr(0, n))) rows.push_back(std::move(row));
        rest.remove_prefix(n);
      }
      for (std::string& row : stream.finish()) rows.push_back(std::move(row));
      ASSERT_EQ(rows, expected);
    }
  }
}

TEST(Markdown, AnOpenBlockIsTheTail) {
  MarkdownStream stream({40, false});
  EXPECT_TRUE(stream.push("one\ntwo").empty());
  EXPECT_EQ(stream.tail(), "one\ntwo");
  EXPECT_THAT(stream.push("\n\nthree"), ElementsAre("one two"));
  EXPECT_EQ(stream.tail(), "three");
  EXPECT_THAT(stream.push("\n\n```\nx"), ElementsAre("", "three", ""));
  EXPECT_THAT(stream.push("\ny"), ElementsAre("  x"));  // code comes line by line
  EXPECT_THAT(stream.finish(), ElementsAre("  y"));
}

// No byte of a model steers the terminal, however it is dressed up.
TEST(Markdown, NothingSteersTheTerminal) {
  EXPECT_EQ(visible("a\033[31mb\r\n\x07\x7f\xc2\x9b\xe2\x80\xae\xff"), "a␛[31mb\n␇␡\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  std::mt19937 random(2);
  const std::string_view parts[] = {"\033", "\033]0;t\a", "\xc2\x9b", "&#27;", "&#x9b;", "&#0;", "[x](\033[2J)", "```", "\n", "- ", "> ", "|", "\n|-|-|\n", "**",
                                    "_", "`", "~~~", "1. ", "    ", "\xff", "\xe6\xbc", "漢", "<a>", "![", "](", "\r", "\t", "# ", "\0x", "&amp;", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += parts[random() % std::size(parts)];
    for (const std::string& row : whole(text, {20, false})) {
      for (const char c : row) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << row;
      ASSERT_EQ(row.find("\xc2\x9b"), std::string::npos);
      ASSERT_EQ(visible(row), row);
    }
    whole(text, {1 + static_cast<int>(random() % 5), true});
  }
}

TEST(Markdown, HostileSizes) {
  const auto many = [](std::string_view unit, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += unit;
    return out;
  };
  for (const std::string& text : {many("> ", 20000), many("- ", 20000), many("*a_", 20000), many("[", 20000), many("`", 50000), many("a\n", 60000),
                                  many("|", 20000) + "\n" + many("|-", 20000), many("x", 300000), many("- a\n\n", 20000), many("  ", 9000) + "- a"}) {
    EXPECT_FALSE(whole(text + "\ny\n", {40, true}).empty());
  }
}

TEST(TerminalText, Rows) {
  EXPECT_THAT(cut_rows("abc\n\ndefgh", 3), ElementsAre("abc", "", "def", "gh"));
  EXPECT_THAT(cut_rows("a\tb", 10), ElementsAre("a   b"));
  EXPECT_THAT(cut_rows("", 10), ElementsAre(""));
  EXPECT_EQ(shortened("abcdef", 4), "abc…");
  EXPECT_EQ(shortened("漢字漢", 4), "漢…");
  EXPECT_EQ(shortened("abc", 3), "abc");
}

}  // namespace
}  // namespace sluice::cli
