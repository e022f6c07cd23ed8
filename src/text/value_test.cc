#include "text/value.h"

#include <gtest/gtest.h>

namespace sluice::text {
namespace {

std::string round_trip(std::string_view source, const JsonStyle& style = {}) {
  const auto value = parse_json(source);
  return value.ok() ? to_json(*value, style) : value.error().message;
}

TEST(ValueJson, WritesAsPython) {
  EXPECT_EQ(round_trip(R"({"b":1,"a":[true,null,"x\ny\u00e9\"<>&"],"b2":{}})"),
            R"({"b": 1, "a": [true, null, "x\nyé\"<>&"], "b2": {}})");
  EXPECT_EQ(round_trip("[1.0, 1e16, 1e15, 0.1, 1e-5, -0.0, 1e400]"), "JSON: not valid at byte 40");
  EXPECT_EQ(round_trip("[1.0, 1e16, 1e15, 0.1, 1e-5, -0.0]"), "[1.0, 1e+16, 1000000000000000.0, 0.1, 1e-05, -0.0]");
  EXPECT_EQ(round_trip("[18446744073709551615, 123456789012345678901234567890, -9223372036854775808]"),
            "[18446744073709551615, 123456789012345678901234567890, -9223372036854775808]");
  EXPECT_EQ(round_trip("\"\\ud83d\\ude00\\u001f\"", {.ensure_ascii = true}), "\"\\ud83d\\ude00\\u001f\"");
  EXPECT_EQ(round_trip("{\"a\":[1,{}],\"b\":[]}", {.item_separator = ",", .indent = 2}),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
  EXPECT_EQ(round_trip("{\"b\":1,\"a\":2}", {.sort_keys = true}), "{\"a\": 2, \"b\": 1}");
}

TEST(ValueJson, RepeatedKeysKeepTheLastValue) {
  EXPECT_EQ(round_trip(R"({"a":1,"b":2,"a":3})"), R"({"a": 3, "b": 2})");
}

TEST(ValueJson, RefusesWhatIsNotJson) {
  for (const char* source : {"", "{", "[1,]", "{\"a\" 1}", "nul", "[1] x", "\"\xff\"", "'a'", "NaN"}) {
    const auto value = parse_json(source);
    ASSERT_FALSE(value.ok()) << source;
    EXPECT_EQ(value.error().code, Code::corrupt);
  }
  const std::string deep(1000000, '[');
  ASSERT_FALSE(parse_json(deep).ok());
  EXPECT_EQ(parse_json(deep).error().code, Code::over_budget);
  EXPECT_TRUE(parse_json(std::string(200, '[') + std::string(200, ']')).ok());
}

// As many as there are commas and opening brackets outside strings.
TEST(ValueJson, CountsValues) {
  for (const auto& [source, count] : std::initializer_list<std::pair<std::string, uint64_t>>{
           {"1", 0}, {"[]", 1}, {"[1]", 1}, {"[1,2]", 2}, {"[{},[]]", 4}, {R"({"a":[1,",[{"],"a":{"b":{}}})", 6}}) {
    EXPECT_TRUE(parse_json(source, count).ok()) << source;
    if (count == 0) continue;
    const auto refused = parse_json(source, count - 1);
    ASSERT_FALSE(refused.ok()) << source;
    EXPECT_EQ(refused.error().code, Code::over_budget);
    EXPECT_EQ(refused.error().message, "JSON: more than " + std::to_string(count - 1) + " values");
  }
  std::string many = "[0";
  for (uint64_t i = 1; i < kMaxJsonValues; ++i) many += ",0";
  EXPECT_TRUE(parse_json(many + "]").ok());
  EXPECT_FALSE(parse_json(many + ",0]").ok());
}

TEST(ValueJson, StringsAndNumbersAreContent) {
  const auto value = parse_json(R"(["a", 1])");
  ASSERT_TRUE(value.ok());
  for (const Value& item : value->as_list().items) EXPECT_EQ(item.origin(), Origin::content);
}

TEST(ValueJson, WritesNullForWhatJsonCannotHold) {
  const Value cyclic = Value::list({Value::undefined("x")});
  EXPECT_EQ(to_json(cyclic), "[null]");
  cyclic.push(cyclic);
  EXPECT_LT(to_json(cyclic).size(), 10000u);
  cyclic.as_list().items.clear();
}

TEST(Map, FindsAndErasesInBigMaps) {
  const Value map = Value::map();
  for (int i = 0; i < 100; ++i) map.set("k" + std::to_string(i), Value::integer(i));
  EXPECT_EQ(map.find("k57")->as_integer(), 57);
  EXPECT_TRUE(map.as_map().erase_id(Map::string_id("k5")));
  EXPECT_FALSE(map.as_map().erase_id(Map::string_id("k5")));
  EXPECT_EQ(map.find("k5"), nullptr);
  EXPECT_EQ(map.find("k57")->as_integer(), 57);
  for (int i = 0; i < 95; ++i) map.as_map().erase_id(Map::string_id("k" + std::to_string(i)));
  EXPECT_EQ(map.find("k99")->as_integer(), 99);
  map.set("k99", Value::integer(1));
  map.set("z", Value());
  EXPECT_EQ(to_json(map), R"({"k95": 95, "k96": 96, "k97": 97, "k98": 98, "k99": 1, "z": null})");
}

TEST(Text, KeepsOrigins) {
  Text text("ab", Origin::markup);
  text.append("cd", Origin::content);
  text.append("", Origin::markup);
  text.append("ef", Origin::content);
  EXPECT_EQ(text.segments().size(), 2u);
  EXPECT_EQ(text.origin_at(1), Origin::markup);
  EXPECT_EQ(text.origin_at(2), Origin::content);
  const Text part = text.slice(1, 3);
  EXPECT_EQ(part.bytes(), "bc");
  EXPECT_EQ(part.segments().size(), 2u);
  EXPECT_FALSE(text.slice(0, 2).any_content());
  EXPECT_TRUE(text.slice(3, 3).empty());
  EXPECT_TRUE(text.slice(3, 3).segments().empty());
}

}  // namespace
}  // namespace sluice::text
