#include "serve/requests/fields.h"

#include <gtest/gtest.h>

#include "serve/requests/anthropic_request.h"
#include "serve/requests/openai_chat_request.h"
#include "serve/requests/openai_completions_request.h"
#include "serve/requests/responses_request.h"
#include "support/refusals.h"

namespace sluice::serve {
namespace {

constexpr test::ParseRequest kParsers[] = {parse_openai_chat, parse_openai_completions, parse_responses, parse_anthropic};

text::Value object_of(std::string_view json) { return parse_body(json).value(); }

TEST(Fields, TheFirstErrorIsKept) {
  const auto object = object_of(R"({"a": 1, "b": 2})");
  Fields f(object, "x.");
  f.string("b");
  f.boolean("a");
  EXPECT_EQ(f.finish().error().message, "x.b: must be a string");
}

TEST(Fields, AFieldNobodyAskedForIsRefusedUnlessItIsNull) {
  const auto object = object_of(R"({"a": 1, "b": null, "c": 2})");
  Fields f(object);
  f.integer("a", 0, 9);
  EXPECT_EQ(f.finish().error().message, "c: this field is not known here; leave it out");
  f.accept({"c"});
  EXPECT_TRUE(f.finish().ok());
}

TEST(Fields, NamesAreNotWrittenRaw) {
  const auto object = object_of(R"({"a\u001b[31m\n": 1})");
  EXPECT_EQ(Fields(object).finish().error().message.find('\x1b'), std::string::npos);
}

TEST(Fields, EmptyThingsNeedNoRefusal) {
  const auto object = object_of(R"({"a": false, "b": [], "c": {}, "d": null, "e": 0})");
  Fields f(object);
  for (const char* name : {"a", "b", "c", "d", "none"}) f.refuse(name, "no");
  EXPECT_TRUE(f.good());
  f.refuse("e", "no");
  EXPECT_EQ(f.finish().error().message, "e: no");
}

TEST(Fields, WholeNumbers) {
  const auto object = object_of(R"({"a": 5.0, "b": 5.5, "c": 9007199254740993e3, "d": true, "e": 9223372036854775807, "f": 9223372036854775808})");
  auto read = [&object](const char* name) { return Fields(object).integer(name, 0, INT64_MAX); };
  EXPECT_EQ(read("a"), 5);
  EXPECT_EQ(read("e"), INT64_MAX);
  for (const char* name : {"b", "c", "d", "f"}) EXPECT_FALSE(read(name)) << name;
}

TEST(ParseBody, OfARepeatedKeyTheLastCounts) {
  EXPECT_EQ(object_of(R"({"a": 1, "a": 2})").find("a")->as_integer(), 2);
  // No first value slips past the checks of the last.
  EXPECT_FALSE(parse_openai_chat(R"({"messages": [{"role": "user", "content": ""}], "n": 1, "n": 2})").ok());
}

TEST(ParseBody, HostileBodiesAreRefusedByEveryParser) {
  std::string many = R"({"a": [)";
  for (int i = 0; i < 400'001; ++i) many += "0,";
  many += "0]}";
  const std::vector<std::string> bodies = {
      "", " ", "null", "5", "\"a\"", "[]", "{", "}", "{]", "{\"a\"}", "{\"a\": }", "{'a': 1}", "{\"a\": 1,}", "{} {}", "{\"a\": NaN}", "{\"a\": Infinity}", "{\"a\": 01}",
      "{\"a\": \"\xff\"}", "{\"a\": \"\xc0\xaf\"}", "{\"a\": \"\\ud800\"}", "{\"a\": \"\\x\"}", "{\"a\": \"\n\"}", std::string("{\"a\": \"\0\"}", 10), std::string("\0", 1),
      R"({"messages": )" + std::string(300, '[') + std::string(300, ']') + "}", "{\"a\": " + std::string(100'000, '['), std::string(100'000, '{'), std::string(100'000, '"'), many};
  for (const auto parse : kParsers) {
    for (const std::string& body : bodies) {
      const auto request = parse(body);
      ASSERT_FALSE(request.ok()) << body.substr(0, 60);
      EXPECT_LT(request.error().message.size(), 500u);
      EXPECT_EQ(request.error().message.find('\n'), std::string::npos);
      EXPECT_TRUE(request.error().code == Code::invalid || request.error().code == Code::unsupported) << body.substr(0, 60);
    }
  }
}

TEST(ParseBody, ItsSizeIsKept) {
  for (const auto& parse : kParsers) {
    const std::string bodies[] = {R"({"messages": [{"role": "user", "content": ""}]})", R"({"prompt": ""})", R"({"input": "x"})", R"({"max_tokens": 1, "messages": [{"role": "user", "content": ""}]})"};
    const std::string& own = bodies[&parse - kParsers];
    EXPECT_EQ(parse(own)->body_bytes, own.size());
  }
}

TEST(ParseBody, DepthAndCountUpToTheirBoundsAreRead) {
  const std::string deep = R"({"a": )" + std::string(250, '[') + std::string(250, ']') + "}";
  EXPECT_TRUE(parse_body(deep).ok());
  EXPECT_TRUE(parse_body("{\"a\": \"" + std::string(500'000, ',') + "\"}").ok()) << "commas in a text are no values";
}

TEST(ParseBody, ValuesUpToTheirBoundAreRead) {
  std::string list = "{\"a\": [0";
  for (int i = 2; i < 400'000; ++i) list += ",0";
  EXPECT_TRUE(parse_body(list + "]}").ok());
  const auto refused = parse_body(list + ",0]}");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid);
  EXPECT_EQ(refused.error().message, "the body: JSON: more than 400000 values");
}

TEST(Tools, AtMost1024OfDifferentNamesInEveryDialect) {
  const auto body = [](std::string_view dialect, int count) {
    std::string out = R"({"max_tokens": 1, "messages": [{"role": "user", "content": "x"}], "tools": [)";
    if (dialect == "responses") out = R"({"input": "x", "tools": [)";
    for (int i = 0; i < count; ++i) {
      const std::string name = R"("name": "f)" + std::to_string(i) + "\"";
      out += i > 0 ? "," : "";
      if (dialect == "chat") out += R"({"type": "function", "function": {)" + name + "}}";
      if (dialect == "responses") out += R"({"type": "function", )" + name + "}";
      if (dialect == "anthropic") out += "{" + name + "}";
    }
    return out + "]}";
  };
  const std::pair<std::string_view, test::ParseRequest> dialects[] = {{"chat", parse_openai_chat}, {"responses", parse_responses}, {"anthropic", parse_anthropic}};
  for (const auto& [dialect, parse] : dialects) {
    const auto most = parse(body(dialect, 1024));
    ASSERT_TRUE(most.ok()) << dialect << ": " << most.error().message;
    EXPECT_EQ(most->tools.as_list().items.size(), 1024u);
    EXPECT_EQ(parse(body(dialect, 1025)).error().message, "tools: at most 1024") << dialect;
    std::string twice = body(dialect, 12);
    twice.replace(twice.find("f11"), 3, "f3");
    EXPECT_NE(parse(twice).error().message.find("name: f3 is there twice"), std::string::npos) << dialect;
  }
}

TEST(SystemMessages, ThoseBeforeTheConversationAreOne) {
  const std::string s = R"({"role": "system", "content": "S"}, {"role": "developer", "content": "T"}, )", u = R"({"role": "user", "content": "U"}, )";
  const std::string want = R"([{"role": "system", "content": "S\n\nT"}, {"role": "user", "content": "U"}, {"role": "system", "content": "V"}])";
  const std::string all = s + u + R"({"role": "system", "content": "V"}])";
  EXPECT_EQ(text::to_json(parse_openai_chat("{\"messages\": [" + all + "}")->messages), want);
  EXPECT_EQ(text::to_json(parse_responses("{\"input\": [" + all + "}")->messages), want);
  EXPECT_EQ(text::to_json(parse_responses(R"({"instructions": "S", "input": [{"role": "system", "content": "T"}, )" + u + R"({"role": "system", "content": "V"}]})")->messages), want);
  EXPECT_EQ(text::to_json(parse_openai_chat("{\"messages\": [" + u + s.substr(0, s.size() - 2) + "]}")->messages),
            R"([{"role": "user", "content": "U"}, {"role": "system", "content": "S"}, {"role": "system", "content": "T"}])");
}

// A copy of everything for each message would take minutes.
TEST(SystemMessages, ManyTakeLinearTime) {
  std::string body = R"({"messages": [{"role": "system", "content": ")" + std::string(8'000'000, 'x') + "\"}";
  for (int i = 0; i < 100'000; ++i) body += R"(,{"role": "system", "content": ""})";
  const auto request = parse_openai_chat(body + "]}");
  ASSERT_TRUE(request.ok()) << request.error().message;
  EXPECT_EQ(request->messages.as_list().items[0].find("content")->as_text().size(), 8'200'000u);
}

TEST(ParseBody, HugeNumbersAreNoNumbersOfAnything) {
  for (const std::string& number : {std::string("1e999"), std::string("-1e999"), std::string(5000, '9'), "1e" + std::string(400, '9'), std::string("123456789012345678901234567890")}) {
    const auto r = parse_openai_chat(R"({"messages": [{"role": "user", "content": ""}], "max_tokens": )" + number + "}");
    EXPECT_FALSE(r.ok()) << number.substr(0, 50);
  }
}

}  // namespace
}  // namespace sluice::serve
