#include "eval/scoring.h"

#include <gtest/gtest.h>

namespace sluice::eval {
namespace {

bool right(std::string_view task, std::string_view expect, std::string_view answer) {
  return judge({.task = std::string(task), .messages = {}, .tools = {}, .expect = text::parse_json(expect).value()},
               answer)
      .right;
}

bool parses(std::string_view task, std::string_view answer) {
  return judge({.task = std::string(task), .messages = {}, .tools = {}, .expect = text::parse_json("{}").value()},
               answer)
      .parses;
}

std::string call(std::string_view name, std::string_view arguments) {
  std::string text = "<tool_call>\n<function=" + std::string(name) + ">\n";
  return text + std::string(arguments) + "</function>\n</tool_call>";
}

std::string argument(std::string_view key, std::string_view value) {
  return "<parameter=" + std::string(key) + ">\n" + std::string(value) + "\n</parameter>\n";
}

TEST(Scoring, ToolCallComparesArgumentsAsPythonText) {
  constexpr std::string_view kExpect =
      R"({"name": "f", "arguments": {"s": "Oslo", "i": 3, "r": 74.0, "b": true, "n": null}})";
  const std::string rest = argument("i", "3") + argument("r", "74.0") + argument("n", "None");
  EXPECT_TRUE(
      right("tool_call", kExpect, "I look.\n" + call("f", argument("s", "Oslo") + argument("b", "True") + rest)));
  EXPECT_TRUE(right("tool_call", kExpect, call("f", argument("b", "\nTrue\n\n") + rest + argument("s", "Oslo"))));
  EXPECT_FALSE(right("tool_call", kExpect, call("f", argument("s", "Oslo") + argument("b", "true") + rest)));
  EXPECT_FALSE(right("tool_call", kExpect, call("f", argument("s", " Oslo") + argument("b", "True") + rest)));
  EXPECT_FALSE(right("tool_call", kExpect, call("g", argument("s", "Oslo") + argument("b", "True") + rest)));
  EXPECT_FALSE(right("tool_call", kExpect, call("f", argument("s", "Oslo") + rest)));
  EXPECT_FALSE(right("tool_call", kExpect,
                     call("f", argument("s", "Oslo") + argument("b", "True") + argument("x", "1") + rest)));
}

TEST(Scoring, ToolCallTakesTheFirstClosedCall) {
  constexpr std::string_view kExpect = R"({"name": "f", "arguments": {}})";
  EXPECT_TRUE(right("tool_call", kExpect, call("f", "") + "\n" + call("g", "")));
  EXPECT_FALSE(right("tool_call", kExpect, call("g", "") + "\n" + call("f", "")));
  EXPECT_FALSE(right("tool_call", kExpect, "<tool_call>\n<function=f>\n</function>"));
  EXPECT_FALSE(right("tool_call", kExpect, "f"));
  EXPECT_TRUE(parses("tool_call", call("anything", "")));
  EXPECT_FALSE(parses("tool_call", "<tool_call>\n<function=f>\n"));
}

TEST(Scoring, JsonComparesByValue) {
  EXPECT_TRUE(right("json", R"({"age": 44, "likes": ["a", "b"]})", "\n{\"likes\":[\"a\",\"b\"] , \"age\": 44.0} "));
  EXPECT_FALSE(right("json", R"({"age": 44, "likes": ["a", "b"]})", R"({"age": 44, "likes": ["b", "a"]})"));
  EXPECT_FALSE(right("json", R"({"age": 44})", R"({"age": 44, "job": null})"));
  EXPECT_FALSE(right("json", R"({"age": 44})", R"({"age": "44"})"));
  EXPECT_FALSE(right("json", R"({"age": 44})", R"(Here: {"age": 44})"));
  EXPECT_FALSE(right("json", R"({"age": 44})", R"({"age": 44)"));
  EXPECT_TRUE(parses("json", "[1]"));
  EXPECT_FALSE(parses("json", "[1"));
}

TEST(Scoring, CapitalAndReasoningLookForAWordAfterTheThought) {
  EXPECT_TRUE(right("capital", R"("Oslo")", "The capital of Norway is Oslo."));
  EXPECT_FALSE(right("capital", R"("Oslo")", "Oslos, xOslo and Oslo_"));
  EXPECT_TRUE(right("capital", R"("Oslo")", "Oslos Oslo"));
  EXPECT_FALSE(right("reasoning", R"("45")", "42 + 3 = 45\n</think>\n\nPaul has 46."));
  EXPECT_TRUE(right("reasoning", R"("45")", "46</think> or\n</think>\n\nPaul has 45 apples."));
  EXPECT_FALSE(right("reasoning", R"("45")", "1450 453"));
  EXPECT_FALSE(right("reasoning", R"("45")", ""));
}

TEST(Scoring, OtherTasksCompareTrimmedText) {
  EXPECT_TRUE(right("sort", R"("a b c")", " a b c\n"));
  EXPECT_FALSE(right("sort", R"("a b c")", "a  b c"));
  EXPECT_TRUE(right("arithmetic", R"("12")", "12"));
  EXPECT_FALSE(right("arithmetic", R"("12")", "12."));
}

}  // namespace
}  // namespace sluice::eval
