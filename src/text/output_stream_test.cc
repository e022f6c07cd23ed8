#include "text/output_stream.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::text {
namespace {

void add(const OutputStream::Pieces& pieces, ParsedOutput& out) {
  out.reasoning += pieces.reasoning;
  for (const auto& part : pieces.parts) {
    EXPECT_NE(part.content.empty(), part.call.empty());
    out.content += part.content;
    out.calls.insert(out.calls.end(), part.call.begin(), part.call.end());
  }
}

// Every byte alone, or at random places.
ParsedOutput in_pieces(std::string_view text, bool in_reasoning, std::mt19937* random) {
  OutputStream stream(in_reasoning);
  ParsedOutput out;
  while (!text.empty()) {
    const size_t size = random == nullptr ? 1 : std::min<size_t>((*random)() % 24, text.size());
    add(stream.push(text.substr(0, size)), out);
    text.remove_prefix(size);
  }
  add(stream.finish(), out);
  return out;
}

void expect_same(const ParsedOutput& got, const ParsedOutput& want, const std::string& text) {
  EXPECT_EQ(got.reasoning, want.reasoning) << text;
  EXPECT_EQ(got.content, want.content) << text;
  ASSERT_EQ(got.calls.size(), want.calls.size()) << text;
  for (size_t i = 0; i < want.calls.size(); ++i) {
    EXPECT_EQ(got.calls[i].name, want.calls[i].name) << text;
    EXPECT_EQ(got.calls[i].arguments, want.calls[i].arguments) << text;
    EXPECT_EQ(got.calls[i].complete, want.calls[i].complete) << text;
  }
}

// Words that matter, well-formed and broken, in any order.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> words = {
      "<think>", "</think>", "<tool_call>", "</tool_call>", "<function=f>", "</function>", "<parameter=a>", "</parameter>",
      "{\"name\": \"g\", \"arguments\": {\"x\": 1}}", "{\"name\": ", "}", "\n", "\n\n", " ", "hello", "ä", "<", "</", "42",
      "<tool_call>\n<function=w>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>",
      "<tool_call>{\"name\": \"h\", \"arguments\": {}}</tool_call>"};
  std::string out;
  for (size_t n = random() % 14; n > 0; --n) out += words[random() % words.size()];
  return out;
}

TEST(OutputStream, SaysWhatTheWholeTextSaysHoweverItIsCut) {
  std::mt19937 random(7);
  size_t with_calls = 0, with_reasoning = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random_text(random);
    const bool in_reasoning = random() % 3 == 0;
    const ParsedOutput want = parse_output(text, in_reasoning);
    with_calls += want.calls.empty() ? 0 : 1;
    with_reasoning += want.reasoning.empty() ? 0 : 1;
    expect_same(in_pieces(text, in_reasoning, nullptr), want, text);
    expect_same(in_pieces(text, in_reasoning, &random), want, text);
    if (HasFailure()) return;
  }
  EXPECT_GT(with_calls, 2000u);
  EXPECT_GT(with_reasoning, 2000u);
}

TEST(OutputStream, HoldsNothingBackThatIsCertain) {
  OutputStream stream(true);
  EXPECT_EQ(stream.push("I think").reasoning, "I think");
  EXPECT_EQ(stream.push(" so").reasoning, " so");
  EXPECT_TRUE(stream.in_reasoning());
  auto pieces = stream.push(".\n</think>\n\nYes");
  EXPECT_EQ(pieces.reasoning, ".");
  ASSERT_EQ(pieces.parts.size(), 1u);
  EXPECT_EQ(pieces.parts[0].content, "Yes");
  EXPECT_EQ(stream.push(" <b>").parts.at(0).content, " <b>");
  EXPECT_TRUE(stream.push("\n<tool_call><function=f></function>").parts.empty());
  EXPECT_TRUE(stream.in_call());
  pieces = stream.push("</tool_call>");
  ASSERT_EQ(pieces.parts.size(), 1u);
  EXPECT_EQ(pieces.parts[0].call.at(0).name, "f");
  EXPECT_TRUE(stream.finish().parts.empty());
}

TEST(OutputStream, CallsAreContentWhereNobodyAskedForThem) {
  OutputStream stream(false, false);
  const std::string text = "<tool_call><function=f></function></tool_call> ";
  std::string content;
  for (const auto& part : stream.push(text).parts) content += part.content;
  for (const auto& part : stream.finish().parts) content += part.content;
  EXPECT_EQ(content, text);
  EXPECT_EQ(stream.calls(), 0u);
}

}  // namespace
}  // namespace sluice::text
