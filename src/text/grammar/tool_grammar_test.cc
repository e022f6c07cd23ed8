#include "text/grammar/tool_grammar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/constraint_walk.h"
#include "text/tool_call.h"

namespace sluice::text {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTools = R"([
 {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {
   "city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 9}, "unit": {"type": "string", "enum": ["C", "F"]},
   "detailed": {"type": "boolean"}, "tags": {"type": "array", "items": {"type": "string"}}}, "required": ["city", "days"]}}},
 {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}])";

test::Compiled compile(const ToolGrammarOptions& options) {
  const Value tools = std::move(parse_json(kTools)).value();
  return compile_tools(test::walk_vocabulary().trie, tools, options);
}

std::shared_ptr<CompiledGrammar> compiled(const ToolGrammarOptions& options) {
  auto out = compile(options);
  EXPECT_TRUE(out.ok()) << out.error().message;
  return out.ok() ? *out : nullptr;
}

const std::string kCall =
    "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>";
const std::string kNow = "<tool_call>\n<function=now>\n</function>\n</tool_call>";

TEST(ToolGrammar, FreeUntilACallOpens) {
  const auto grammar = compiled({});
  for (const std::string& good : {std::string(), std::string("Any <text> at all, {\"a\": </tool_call>"), kCall, "Let me see.\n\n" + kCall, kCall + "\n" + kNow,
                                  "<think>\nhm <tool_call> hm\n</think>\n\n" + kCall}) {
    EXPECT_TRUE(test::accepts(*grammar, good)) << good;
    EXPECT_TRUE(test::accepts(*grammar, good, true)) << good;
  }
  for (const std::string& bad : {std::string("<tool_call>"), std::string("a <tool_call>x"), kCall + "x", std::string("<tool_call>\n<function=other>\n</function>\n</tool_call>"),
                                 std::string("<tool_call>\n<function=get_weather>\n</function>\n</tool_call>")}) {
    EXPECT_FALSE(test::accepts(*grammar, bad)) << bad;
  }
}

TEST(ToolGrammar, TypesValues) {
  const auto grammar = compiled({.choice = {.kind = ToolChoice::required}});
  const auto call = [](const std::string& city, const std::string& days, const std::string& rest) {
    return "<tool_call>\n<function=get_weather>\n<parameter=city>\n" + city + "\n</parameter>\n<parameter=days>\n" + days + "\n</parameter>\n" + rest +
           "</function>\n</tool_call>";
  };
  const auto value = [](const std::string& key, const std::string& text) { return "<parameter=" + key + ">\n" + text + "\n</parameter>\n"; };
  EXPECT_TRUE(test::accepts(*grammar, call("a < b\n\"</par\n\n", "9", value("unit", "F") + value("detailed", "True") + value("tags", "[\"x\", \"y\"]"))));
  EXPECT_TRUE(test::accepts(*grammar, call("", "1", value("detailed", "false"))));
  EXPECT_FALSE(test::accepts(*grammar, call("x", "10", "")));
  EXPECT_FALSE(test::accepts(*grammar, call("x", "\"3\"", "")));
  EXPECT_FALSE(test::accepts(*grammar, call("x", "3", value("unit", "K"))));
  EXPECT_FALSE(test::accepts(*grammar, call("x", "3", value("tags", "[1]"))));
  EXPECT_FALSE(test::accepts(*grammar, call("x </tool_call>", "3", "")));
  EXPECT_FALSE(test::accepts(*grammar, "well, " + kNow));
  EXPECT_FALSE(test::accepts(*grammar, ""));
}

TEST(ToolGrammar, Choices) {
  const auto named = compiled({.choice = {.kind = ToolChoice::named, .name = "now"}, .parallel = false});
  EXPECT_TRUE(test::accepts(*named, kNow));
  EXPECT_FALSE(test::accepts(*named, kCall));
  EXPECT_FALSE(test::accepts(*named, kNow + "\n" + kNow));
  const auto none = compiled({.choice = {.kind = ToolChoice::none}});
  EXPECT_TRUE(test::accepts(*none, "no <tool_ call"));
  EXPECT_FALSE(test::accepts(*none, "so <tool_call>", true));
  const auto reasoning = compiled({.choice = {.kind = ToolChoice::required}, .in_reasoning = true});
  EXPECT_TRUE(test::accepts(*reasoning, "I think <tool_call> so.\n</think>\n\n" + kNow));
  EXPECT_FALSE(test::accepts(*reasoning, "I think so."));
  EXPECT_THAT(compile({.choice = {.kind = ToolChoice::named, .name = "x"}}).error().message, HasSubstr("\"x\""));
}

TEST(ToolGrammar, Json) {
  const auto grammar = compiled({.syntax = ToolSyntax::json, .choice = {.kind = ToolChoice::required}});
  EXPECT_TRUE(test::accepts(*grammar, "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"O<slo\", \"days\": 2}}\n</tool_call>", true));
  EXPECT_TRUE(test::accepts(*grammar, "<tool_call>\n{\"name\":\"now\",\"arguments\":{}}\n</tool_call>"));
  EXPECT_FALSE(test::accepts(*grammar, "<tool_call>\n{\"name\": \"now\", \"arguments\": {\"x\": 1}}\n</tool_call>"));
}

// What the parser reads back is what the grammar meant.
TEST(ToolGrammar, RandomCallsParse) {
  std::mt19937 random(11);
  for (const ToolSyntax syntax : {ToolSyntax::xml, ToolSyntax::json}) {
    const auto grammar = compiled({.syntax = syntax, .choice = {.kind = ToolChoice::required}});
    for (int i = 0; i < 150; ++i) {
      const std::string text = test::random_text(*grammar, random, 320 + i);
      const ParsedOutput parsed = parse_output(text, false);
      ASSERT_TRUE(parsed.well_formed && !parsed.calls.empty()) << text;
      for (const ToolCall& call : parsed.calls) {
        EXPECT_TRUE(call.complete) << text;
        if (call.name == "now") continue;
        ASSERT_GE(call.arguments.size(), 2u) << text;
        EXPECT_EQ(call.arguments[0].first, "city");
        const auto days = parse_json(call.arguments[1].second);
        ASSERT_TRUE(days.ok() && days->is(Value::Kind::integer)) << text;
        EXPECT_TRUE(days->as_integer() >= 1 && days->as_integer() <= 9);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::text
