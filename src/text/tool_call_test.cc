#include "text/tool_call.h"

#include <gmock/gmock.h>

#include <random>

namespace sluice::text {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr std::string_view kWeather =
    "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n3\n</parameter>\n</"
    "function>\n</tool_call>";

TEST(ToolCall, PlainTextIsLeftAlone) {
  const ParsedOutput out = parse_output("  Hello <b>you</b>\n", false);
  EXPECT_EQ(out.content, "  Hello <b>you</b>\n");
  EXPECT_EQ(out.reasoning, "");
  EXPECT_THAT(out.calls, IsEmpty());
  EXPECT_TRUE(out.well_formed);
}

TEST(ToolCall, OneXmlCallAfterText) {
  const ParsedOutput out = parse_output("I will look.\n\n" + std::string(kWeather), false);
  EXPECT_EQ(out.content, "I will look.");
  ASSERT_EQ(out.calls.size(), 1u);
  EXPECT_EQ(out.calls[0].name, "get_weather");
  EXPECT_THAT(out.calls[0].arguments, ElementsAre(Pair("city", "Oslo"), Pair("days", "3")));
  EXPECT_TRUE(out.calls[0].complete);
  EXPECT_TRUE(out.well_formed);
}

TEST(ToolCall, SeveralCallsInOrder) {
  const ParsedOutput out =
      parse_output(std::string(kWeather) + "\n<tool_call>\n<function=stop>\n</function>\n</tool_call>\n" +
                       std::string(kWeather) + "\n",
                   false);
  EXPECT_EQ(out.content, "");
  ASSERT_EQ(out.calls.size(), 3u);
  EXPECT_EQ(out.calls[1].name, "stop");
  EXPECT_THAT(out.calls[1].arguments, IsEmpty());
  EXPECT_EQ(out.calls[2].name, "get_weather");
  EXPECT_TRUE(out.well_formed);
}

std::string value_of(std::string_view written) {
  const ParsedOutput out = parse_output(
      "<tool_call>\n<function=f>\n<parameter=v>" + std::string(written) + "</parameter>\n</function>\n</tool_call>",
      false);
  return out.calls.size() == 1 && out.calls[0].arguments.size() == 1 ? out.calls[0].arguments[0].second : "?";
}

TEST(ToolCall, OneNewlineGoesAtEachEndOfAValue) {
  EXPECT_EQ(value_of("\nx\n"), "x");
  EXPECT_EQ(value_of("x"), "x");
  EXPECT_EQ(value_of("\n\nx\n\n"), "\nx\n");
  EXPECT_EQ(value_of("\n  two\n\n  lines \n"), "  two\n\n  lines ");
  EXPECT_EQ(value_of("\n"), "");
  EXPECT_EQ(value_of("\n\n"), "");
  EXPECT_EQ(value_of(""), "");
}

TEST(ToolCall, ValuesMayHoldMarkup) {
  EXPECT_EQ(value_of("\n<a href=\"x\">\n</a> </function> </tool_call <tool_call>\n"),
            "<a href=\"x\">\n</a> </function> </tool_call <tool_call>");
  EXPECT_EQ(value_of("\n<parameter=inner>\n"), "<parameter=inner>");
}

TEST(ToolCall, ReasoningComesFirst) {
  const ParsedOutput out = parse_output("\n40 + 2.\n</think>\n\n42 </think>", true);
  EXPECT_EQ(out.reasoning, "40 + 2.");
  EXPECT_EQ(out.content, "42 </think>");
  EXPECT_TRUE(out.well_formed);
  const ParsedOutput own = parse_output("\n<think>\nHm.\n</think>\n\n" + std::string(kWeather), false);
  EXPECT_EQ(own.reasoning, "Hm.");
  EXPECT_EQ(own.content, "");
  EXPECT_EQ(own.calls.size(), 1u);
}

TEST(ToolCall, ReasoningThatDoesNotEndIsAllReasoning) {
  const ParsedOutput out = parse_output("Hm. " + std::string(kWeather), true);
  EXPECT_EQ(out.reasoning, "Hm. " + std::string(kWeather));
  EXPECT_THAT(out.calls, IsEmpty());
  EXPECT_FALSE(out.well_formed);
}

TEST(ToolCall, AMissingEndStillGivesWhatIsThere) {
  for (size_t size = 0; size < kWeather.size(); ++size) {
    const ParsedOutput out = parse_output(kWeather.substr(0, size), false);
    const bool begun = size >= std::string_view("<tool_call>").size();
    EXPECT_EQ(out.well_formed, !begun) << size;
    const bool named = kWeather.substr(0, size).find("get_weather>") != std::string_view::npos;
    ASSERT_EQ(out.calls.size(), named ? 1u : 0u) << size;
    if (named) {
      EXPECT_FALSE(out.calls[0].complete) << size;
    } else {
      EXPECT_EQ(out.content, kWeather.substr(0, size));
    }
  }
  const ParsedOutput cut =
      parse_output("<tool_call>\n<function=f>\n<parameter=a>\n1\n</parameter>\n<parameter=b>\n2", false);
  EXPECT_THAT(cut.calls[0].arguments, ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(ToolCall, AnUnclosedParameterDoesNotSwallowTheNextCall) {
  const ParsedOutput out = parse_output(
      "<tool_call>\n<function=f>\n<parameter=a>\n1\n</function>\n</tool_call>\n" + std::string(kWeather), false);
  ASSERT_EQ(out.calls.size(), 2u);
  EXPECT_THAT(out.calls[0].arguments, ElementsAre(Pair("a", "1")));
  EXPECT_FALSE(out.calls[0].complete);
  EXPECT_TRUE(out.calls[1].complete);
  EXPECT_FALSE(out.well_formed);
}

TEST(ToolCall, WhatIsNoCallStaysInTheContent) {
  const ParsedOutput out = parse_output("<tool_call>garbage</tool_call>", false);
  EXPECT_EQ(out.content, "<tool_call>garbage</tool_call>");
  EXPECT_FALSE(out.well_formed);
  const ParsedOutput mixed =
      parse_output("<tool_call>\n<function=>x</tool_call>\n" + std::string(kWeather) + " and more", false);
  EXPECT_EQ(mixed.content, "<tool_call>\n<function=>x</tool_call>\nand more");
  EXPECT_EQ(mixed.calls.size(), 1u);
  EXPECT_FALSE(mixed.well_formed);
}

TEST(ToolCall, JsonCalls) {
  const ParsedOutput out = parse_output(
      "Yes.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"s\": \"a</tool_call>\\n}\", \"n\": 3, \"l\": [1, true], "
      "\"o\": null}}\n</tool_call>\n"
      "<tool_call>{\"name\": \"g\", \"arguments\": \"{\\\"x\\\": "
      "1.5}\"}</tool_call><tool_call>{\"name\":\"h\"}</tool_call>",
      false);
  EXPECT_EQ(out.content, "Yes.");
  ASSERT_EQ(out.calls.size(), 3u);
  EXPECT_EQ(out.calls[0].name, "f");
  EXPECT_THAT(out.calls[0].arguments,
              ElementsAre(Pair("s", "a</tool_call>\n}"), Pair("n", "3"), Pair("l", "[1, true]"), Pair("o", "null")));
  EXPECT_THAT(out.calls[1].arguments, ElementsAre(Pair("x", "1.5")));
  EXPECT_THAT(out.calls[2].arguments, IsEmpty());
  EXPECT_TRUE(out.well_formed);
}

TEST(ToolCall, BrokenJsonCalls) {
  for (const std::string_view body :
       {"{", "{\"name\": \"f\"", "{}", "{\"name\": 3}", "{\"name\": \"f\", \"arguments\": [1]}", "{\"name\": \"f\" x}",
        "{\"name\": \"f\", \"arguments\": \"no\"}"}) {
    const std::string broken = "<tool_call>\n" + std::string(body) + "\n</tool_call>";
    const ParsedOutput out = parse_output(broken + "\n" + std::string(kWeather), false);
    EXPECT_EQ(out.calls.size(), 1u) << body;
    EXPECT_EQ(out.content, broken);
    EXPECT_FALSE(out.well_formed) << body;
  }
  const ParsedOutput open = parse_output("<tool_call>{\"name\": \"f\", \"arguments\": {}}", false);
  ASSERT_EQ(open.calls.size(), 1u);
  EXPECT_FALSE(open.calls[0].complete);
}

// Fragments in any order: nothing crashes, and the work stays linear (this would take minutes otherwise).
TEST(ToolCall, AnyBytes) {
  const std::vector<std::string> parts = {"<tool_call>",
                                          "</tool_call>",
                                          "<function=f>",
                                          "<function=",
                                          "</function>",
                                          "<parameter=k>",
                                          "<parameter=",
                                          "</parameter>",
                                          "<think>",
                                          "</think>",
                                          "{",
                                          "}",
                                          "\"",
                                          "\\",
                                          "{\"name\":\"f\"",
                                          "\n",
                                          " ",
                                          "\xff",
                                          "é",
                                          "<",
                                          ">"};
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (size_t n = random() % 40; n > 0; --n) text += parts[random() % parts.size()];
    const ParsedOutput out = parse_output(text, random() % 2 == 0);
    for (const ToolCall& call : out.calls) EXPECT_FALSE(call.name.empty());
  }
  for (const std::string_view part : {"<tool_call>{", "<tool_call>{\"", "<tool_call><function=f><parameter=k>",
                                      "</function>", "<tool_call><function="}) {
    std::string text = "<tool_call><function=f><parameter=k>";
    for (int n = 0; n < 100000; ++n) text += part;
    EXPECT_FALSE(parse_output(text, false).well_formed);
  }
}

}  // namespace
}  // namespace sluice::text
