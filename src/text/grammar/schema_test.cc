#include "text/grammar/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/constraint_walk.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<CompiledGrammar> compiled(std::string_view schema, AnswerOptions options = {}) {
  auto out = compile_schema(test::walk_vocabulary().trie, schema, options);
  EXPECT_TRUE(out.ok()) << out.error().message << " in " << schema;
  return out.ok() ? *out : nullptr;
}

std::string refusal(std::string_view schema) {
  const auto out = compile_schema(test::walk_vocabulary().trie, schema, {});
  return out.ok() ? "accepted" : out.error().message;
}

struct Case {
  std::string schema;
  std::vector<std::string> good, bad;
};

void check(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    const auto grammar = compiled(each.schema);
    ASSERT_NE(grammar, nullptr);
    for (const auto& text : each.good) EXPECT_TRUE(test::accepts(*grammar, text)) << each.schema << ": " << text;
    for (const auto& text : each.good) EXPECT_TRUE(test::accepts(*grammar, text, true)) << each.schema << ": " << text;
    for (const auto& text : each.bad) EXPECT_FALSE(test::accepts(*grammar, text)) << each.schema << ": " << text;
  }
}

TEST(Schema, Scalars) {
  check({
      {R"({"type": "boolean"})", {"true", "false"}, {"True", "1", "truefalse", ""}},
      {R"({"type": ["null", "integer"]})", {"null", "0", "-12"}, {"01", "1.5", "-", "nul"}},
      {R"({"type": "number"})", {"0", "-1.5e-7", "3.25"}, {"1e999", ".5", "1.", "+1"}},
      {R"({"type": "string"})", {R"("")", R"("a\nb\u00e9")", "\"\xe4\xbd\xa0\""}, {R"("a)", R"("\x")", "\"\n\"", R"("\ud800")", "\"\xe4\""}},
      {R"({"type": "string", "minLength": 2, "maxLength": 3})", {R"("ab")", "\"\xe4\xbd\xa0\xe4\xbd\xa0\"", R"("a\\\"")"}, {R"("a")", R"("abcd")"}},
      {R"({"const": {"a": [1, null]}})", {R"({"a":[1,null]})", R"({"a": [1, null]})"}, {R"({"a":[1]})"}},
      {R"({"enum": ["x", 1, "\u00e9"], "type": "string"})", {R"("x")", "\"\xc3\xa9\""}, {"1", R"("y")"}},
      {"true", {"[]", R"({"a": {"b": [1, "x"]}})", "null"}, {"", "[", "{]"}},
  });
}

TEST(Schema, Ranges) {
  for (const auto& [least, most] : std::vector<std::pair<int, int>>{{0, 0}, {3, 17}, {-5, 5}, {-120, -7}, {99, 1001}, {-1, 0}, {0, 10}}) {
    const auto grammar = compiled("{\"type\": \"integer\", \"minimum\": " + std::to_string(least) + ", \"maximum\": " + std::to_string(most) + "}");
    ASSERT_NE(grammar, nullptr);
    for (int i = -1200; i <= 1200; ++i) EXPECT_EQ(test::accepts(*grammar, std::to_string(i)), i >= least && i <= most) << i;
  }
  check({
      {R"({"type": "integer", "exclusiveMinimum": 2.5, "exclusiveMaximum": 5})", {"3", "4"}, {"2", "5"}},
      {R"({"type": "integer", "minimum": 0})", {"0", "123456789012345678"}, {"-1", "-0"}},
      {R"({"type": "number", "minimum": 0})", {"0", "0.0", "17.25"}, {"-1", "-0.1"}},
      {R"({"type": "number", "minimum": -2, "exclusiveMaximum": 1})", {"-2", "-2.0", "-1.999", "0.99", "0"}, {"-2.1", "1", "1.0", "-3"}},
      {R"({"type": "number", "exclusiveMinimum": 1, "maximum": 3})", {"1.5", "2", "3.0", "1.01"}, {"1", "1.0", "3.1"}},
  });
}

TEST(Schema, Objects) {
  check({
      {R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "c": {"type": "integer"}}, "required": ["b"]})",
       {R"({"b": 1})", R"({"a":1,"b":2})", "{\n  \"b\": 1,\n  \"c\": 2\n}", R"({"a": 1, "b": 2, "c": 3})"},
       {"{}", R"({"a": 1})", R"({"b": 1, "a": 2})", R"({"b": 1,})", R"({"b": 1, "d": 2})", R"({,"b": 1})"}},
      {R"({"properties": {"a": {}, "ab": {}}, "additionalProperties": {"type": "integer"}})",
       {"{}", R"({"a": [], "x": 1, "abc": 2, "b": 3})", R"({"": 4})"}, {R"({"x": "y"})", R"({"x": 1, "a": 2})", R"({"ab": 1, "a": 2})"}},
      {R"({"type": "object"})", {"{}", R"({"a": 1, "b": {"c": []}})"}, {"[]", R"({"a"})"}},
      {R"({"type": "object", "additionalProperties": false})", {"{}", "{ }"}, {R"({"a": 1})"}},
      {R"({"required": ["z"], "additionalProperties": {"type": "null"}})", {R"({"z": null})", R"({"z": null, "y": null})"}, {"{}", R"({"z": 1})"}},
  });
}

TEST(Schema, Arrays) {
  check({
      {R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2})", {"[true]", "[true, false]"}, {"[]", "[true,true,true]", "[1]"}},
      {R"({"prefixItems": [{"type": "integer"}, {"type": "null"}], "items": {"type": "boolean"}, "minItems": 1})",
       {"[1]", "[1, null]", "[1,null,true,false]"}, {"[]", "[null]", "[1, true]"}},
      {R"({"type": "array", "items": false})", {"[]"}, {"[1]"}},
      {R"({"items": {"type": "integer"}, "maxItems": 0})", {"[]"}, {"[1]"}},
  });
}

TEST(Schema, CombinedAndReferred) {
  check({
      {R"({"$defs": {"n": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}}, "required": ["v", "next"]}}, "$ref": "#/$defs/n"})",
       {R"({"v": 1, "next": {"v": 2, "next": null}})"}, {R"({"v": 1})", R"({"v": 1, "next": {}})"}},
      {R"({"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"a": {"minimum": 3}, "b": {"type": "null"}}}]})",
       {R"({"a": 3, "b": null})"}, {R"({"a": 2})", "{}"}},
      {R"({"type": "integer", "anyOf": [{"maximum": 3}, {"minimum": 7}]})", {"3", "7"}, {"5"}},
      {R"({"oneOf": [{"const": "a"}, {"type": "integer"}]})", {R"("a")", "4"}, {R"("b")"}},
      {R"({"$defs": {"cat": {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind", "lives"]},
                     "dog": {"type": "object", "properties": {"kind": {"const": "dog"}, "name": {"type": "string"}}, "required": ["kind", "name"]}},
           "oneOf": [{"$ref": "#/$defs/cat"}, {"$ref": "#/$defs/dog"}], "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/$defs/cat", "dog": "#/$defs/dog"}}})",
       {R"({"kind": "cat", "lives": 9})", R"({"kind": "dog", "name": "Ada"})"}, {R"({"kind": "dog", "lives": 9})", R"({"kind": "cow"})"}},
      // Undeclared properties are not written, so an answer with "city" alone has no "zip" and fits one alternative.
      {R"({"type": "object", "properties": {"n": {"type": "integer"}}, "oneOf": [{"properties": {"city": {"type": "string"}}, "required": ["city"]}, {"properties": {"zip": {"type": "string"}}, "required": ["zip"]}]})",
       {R"({"city": "Oslo"})", R"({"n": 1, "zip": "0150"})"}, {R"({"city": "Oslo", "zip": "0150"})", "{}"}},
      {R"({"type": "string", "nullable": true})", {"null", R"("x")"}, {"1"}},
  });
}

TEST(Schema, PatternsAndFormats) {
  check({
      {R"({"type": "string", "pattern": "^[a-z]+-\\d{2,3}$"})", {R"("ab-12")", R"("x-123")"}, {R"("-12")", R"("ab-1")", R"("ab-12x")"}},
      {R"({"type": "string", "pattern": "b"})", {R"("abc")", R"("b")", R"("\"b")"}, {R"("ac")"}},
      {R"({"type": "string", "pattern": "^(?:a|\"|\\\\)*$"})", {R"("")", R"("a\"\\a")"}, {R"("b")"}},
      {R"({"type": "string", "pattern": "^x|y$"})", {R"("x...")", R"("...y")"}, {R"("ax")"}},
      {R"({"type": "string", "pattern": "^[^\\w\\s]$"})", {R"("-")", "\"\xe4\xbd\xa0\""}, {R"("a")", R"("\n")"}},
      {R"({"type": "string", "format": "date"})", {R"("2026-11-24")"}, {R"("2026-13-01")", R"("2026-02-30")"}},
  });
}

TEST(Schema, RefusesByKeywordAndPlace) {
  EXPECT_THAT(refusal(R"({"properties": {"x": {"not": {}}}})"), HasSubstr("\"not\" at #/properties/x"));
  EXPECT_THAT(refusal(R"({"type": "array", "uniqueItems": true})"), HasSubstr("\"uniqueItems\" at #"));
  EXPECT_THAT(refusal(R"({"patternProperties": {}})"), HasSubstr("patternProperties"));
  EXPECT_THAT(refusal(R"({"type": "string", "format": "hostname"})"), HasSubstr("\"format\""));
  EXPECT_THAT(refusal(R"J({"type": "string", "pattern": "(?=x)"})J"), HasSubstr("(?"));
  EXPECT_THAT(refusal(R"({"type": "string", "pattern": "a", "maxLength": 3})"), HasSubstr("\"pattern\""));
  EXPECT_THAT(refusal(R"({"type": "number", "minimum": 0.5})"), HasSubstr("whole bounds"));
  EXPECT_THAT(refusal(R"({"type": "number", "multipleOf": 0.1})"), HasSubstr("multipleOf"));
  EXPECT_THAT(refusal(R"({"$ref": "#/nowhere"})"), HasSubstr("\"$ref\""));
  EXPECT_THAT(refusal(R"({"$ref": "http://x"})"), HasSubstr("\"$ref\""));
  EXPECT_THAT(refusal(R"({"allOf": [{"$ref": "#"}]})"), HasSubstr("without end"));
  EXPECT_THAT(refusal(R"({"type": "strange"})"), HasSubstr("\"type\""));
  EXPECT_THAT(refusal(R"({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]})"), HasSubstr("never ends"));
  EXPECT_THAT(refusal("{"), HasSubstr("JSON"));
  EXPECT_EQ(refusal(R"({"title": "t", "description": "d", "default": 1, "examples": [1], "x-foo": 1, "type": "integer"})"), "accepted");
}

TEST(Schema, Compact) {
  const auto grammar = compiled(R"({"type": "array"})", {.compact = true});
  EXPECT_TRUE(test::accepts(*grammar, "[1,{\"a\":2}]"));
  EXPECT_FALSE(test::accepts(*grammar, "[1, 2]"));
}

TEST(Schema, BehindReasoning) {
  const auto grammar = compiled(R"({"type": "integer"})", {.in_reasoning = true});
  EXPECT_TRUE(test::accepts(*grammar, "Let me <think>.\n</think>\n\n42"));
  EXPECT_FALSE(test::accepts(*grammar, "42"));
  EXPECT_FALSE(test::accepts(*grammar, "</think>\n\nx"));
}

// Whatever is let through parses; with few tokens too.
TEST(Schema, RandomWaysEndAsJson) {
  const char* schemas[] = {"true", R"({"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "array", "items": {"type": "number"}}}, "required": ["name", "n"]})",
                           R"({"type": "string", "maxLength": 500, "minLength": 20})"};
  std::mt19937 random(7);
  for (const char* schema : schemas) {
    const auto grammar = compiled(schema);
    for (int i = 0; i < 200; ++i) {
      const std::string text = test::random_text(*grammar, random, 40 + i);
      EXPECT_TRUE(parse_json(text).ok()) << schema << ": " << text;
    }
  }
}

// Everything below took minutes while it was compared pairwise or written out anew.
TEST(Schema, LargeOnesTakeNoLonger) {
  const auto list = [](int from, int to, auto text) {
    std::string out;
    for (int i = from; i < to; ++i) out += (i == from ? "" : ",") + text(i);
    return out;
  };
  const auto name = [](int i) { return "\"" + std::to_string(100'000 + i) + "\""; };
  const std::string half = list(0, 20'000, name), other = list(19'990, 40'000, name);
  const auto common = compiled(R"({"allOf": [{"enum": [)" + half + "]}, {\"enum\": [" + other + "]}]}");
  ASSERT_NE(common, nullptr);
  for (const char* text : {"\"119990\"", "\"119999\""}) EXPECT_TRUE(test::accepts(*common, text)) << text;
  for (const char* text : {"\"119989\"", "\"120000\""}) EXPECT_FALSE(test::accepts(*common, text)) << text;
  // Property names with as many first characters, and another property than those.
  const auto letter = [](int i) {
    std::string out = "\"";
    append_utf8(static_cast<char32_t>(0x4e00 + i), out);
    return out + "\": {}";
  };
  EXPECT_THAT(refusal("{\"additionalProperties\": {}, \"properties\": {" + list(0, 20'000, letter) + "}}"), HasSubstr("large"));
  // A value to be escaped throughout.
  const Value tags = Value::map({{"const", Value::string(std::string(150'000, '<'))}});
  const Value schema = Value::map({{"type", Value::string("object")}, {"properties", Value::map({{"x", Value::map({{"enum", Value::list({tags})}})}})}});
  const auto tools = compile_tools(test::walk_vocabulary().trie, Value::list({Value::map({{"name", Value::string("f")}, {"parameters", schema}})}), {.syntax = ToolSyntax::xml});
  ASSERT_FALSE(tools.ok());
  EXPECT_THAT(tools.error().message, HasSubstr("larger than"));
}

TEST(Schema, WhatMeetsInOnePlaceIsBounded) {
  const auto alternating = [](int times, const std::string& a, const std::string& b) {
    std::string refs;
    for (int i = 0; i < times; ++i) refs += std::string(i == 0 ? "" : ",") + R"({"$ref": "#/$defs/)" + (i % 2 == 0 ? "a\"}" : "b\"}");
    return R"({"$defs": {"a": {"items": )" + a + R"(}, "b": {"items": )" + b + R"(}}, "allOf": [)" + refs + "]}";
  };
  const std::string some = R"({"minLength": 1})", others = R"({"maxLength": 3})";
  const auto few = compiled(alternating(20, some, others));
  ASSERT_NE(few, nullptr);
  EXPECT_TRUE(test::accepts(*few, R"(["abc"])"));
  EXPECT_FALSE(test::accepts(*few, R"(["abcd"])"));
  EXPECT_THAT(refusal(alternating(300, some, others)), HasSubstr("256 schemas"));
  // Lists that are gone through at every merge.
  std::string names;
  for (int i = 0; i < 10'000; ++i) names += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\"";
  std::string refs;
  for (int i = 0; i < 15'000; ++i) refs += std::string(i == 0 ? "" : ",") + R"({"$ref": "#/$defs/)" + (i % 2 == 0 ? "a\"}" : "b\"}");
  EXPECT_THAT(refusal(R"({"$defs": {"a": {"required": [)" + names + R"(]}, "b": {"required": [)" + names + R"(, "x"]}}, "allOf": [)" + refs + "]}"), HasSubstr("too much"));
}

}  // namespace
}  // namespace sluice::text
