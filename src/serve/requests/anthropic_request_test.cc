#include "serve/requests/anthropic_request.h"

#include <gtest/gtest.h>

#include "support/refusals.h"

namespace sluice::serve {
namespace {

using test::must_parse;
using test::with;

constexpr std::string_view kHello = R"({"max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]})";

GenerationRequest parse(std::string_view body) { return must_parse(parse_anthropic, body); }
std::string only(std::string_view messages) { return R"({"max_tokens": 9, "messages": [)" + std::string(messages) + "]}"; }
std::string block(std::string_view role, std::string_view one) {
  return only(R"({"role": ")" + std::string(role) + R"(", "content": [)" + std::string(one) + "]}");
}

TEST(AnthropicRequest, FieldsAndDefaults) {
  const auto plain = parse(kHello);
  EXPECT_EQ(plain.max_tokens, 9);
  EXPECT_FALSE(plain.think_by_default || plain.thinking || plain.stream);
  const auto r = parse(with(kHello, R"("model": "m", "system": [{"type": "text", "text": "A", "cache_control": {}}, {"type": "text", "text": "B"}], "temperature": 1, "top_p": 0.5,
    "top_k": 3, "stop_sequences": ["x"], "stream": true, "metadata": {"user_id": "u"}, "thinking": {"type": "enabled", "budget_tokens": 1024}, "service_tier": "auto")"));
  EXPECT_EQ(r.model, "m");
  EXPECT_EQ(text::to_json(r.messages), R"([{"role": "system", "content": "AB"}, {"role": "user", "content": "Hello"}])");
  EXPECT_EQ(r.sampling.temperature, 1);
  EXPECT_EQ(r.sampling.top_k, 3);
  EXPECT_EQ(r.stop, std::vector<std::string>{"x"});
  EXPECT_TRUE(r.stream && r.thinking == true && r.thinking_budget == 1024);
  EXPECT_EQ(parse(with(kHello, R"("thinking": {"type": "disabled"})")).thinking, false);
}

TEST(AnthropicRequest, BlocksBecomeMessages) {
  const auto r = parse(only(R"({"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "b"}]},
    {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "text", "text": "I look."},
                                      {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "31"}], "is_error": false}, {"type": "text", "text": "and?"}]})"));
  EXPECT_EQ(text::to_json(r.messages),
            R"([{"role": "user", "content": "ab"}, {"role": "assistant", "content": "I look.", "reasoning_content": "hm", "tool_calls": )"
            R"([{"id": "t1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}]}, )"
            R"({"role": "tool", "content": "31", "tool_call_id": "t1"}, {"role": "user", "content": "and?"}])");
}

TEST(AnthropicRequest, Tools) {
  const auto r = parse(with(kHello, R"("tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}, "cache_control": {}}, {"type": "custom", "name": "g", "input_schema": {}}],
    "tool_choice": {"type": "tool", "name": "g", "disable_parallel_tool_use": true})"));
  EXPECT_EQ(text::to_json(r.tools), R"([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}, )"
                                    R"({"type": "function", "function": {"name": "g", "parameters": {}}}])");
  EXPECT_EQ(r.tool_choice.kind, ToolChoice::Kind::named);
  EXPECT_EQ(r.tool_choice.name, "g");
  EXPECT_FALSE(r.parallel_tool_calls);
  EXPECT_EQ(parse(with(kHello, R"("tool_choice": {"type": "any"})")).tool_choice.kind, ToolChoice::Kind::required);
  EXPECT_EQ(parse(with(kHello, R"("tool_choice": {"type": "none"})")).tool_choice.kind, ToolChoice::Kind::none);
}

TEST(AnthropicRequest, WhatIsRefused) {
  constexpr Code kNever = Code::unsupported;
  test::expect_refused(parse_anthropic, {
    {R"({"messages": [{"role": "user", "content": "x"}]})", "max_tokens: must be there"}, {R"({"max_tokens": 1})", "messages: "}, {only(""), "messages: "}, {only("5"), "messages[0]: "},
    {with(kHello, R"("max_tokens": 0)"), "max_tokens: "}, {with(kHello, R"("temperature": 1.1)"), "temperature: "}, {with(kHello, R"("top_k": -1)"), "top_k: "},
    {with(kHello, R"("stop_sequences": [""])"), "stop_sequences: "}, {with(kHello, R"("thinking": {"type": "x"})"), "thinking.type: "}, {with(kHello, R"("thinking": {})"), "thinking.type: "},
    {with(kHello, R"("thinking": {"type": "enabled", "budget_tokens": -1})"), "thinking.budget_tokens: "}, {with(kHello, R"("tool_choice": "any")"), "tool_choice: "},
    {with(kHello, R"("tool_choice": {"type": "x"})"), "tool_choice.type: "}, {with(kHello, R"("tools": [{"name": "f", "input_schema": 5}])"), "tools[0].input_schema: "},
    {with(kHello, R"("tools": [{"type": "bash_20250124", "name": "bash"}])"), "tools[0].type: ", kNever}, {with(kHello, R"("mcp_servers": [1])"), "mcp_servers: ", kNever},
    {with(kHello, R"("container": "x")"), "container: ", kNever}, {with(kHello, R"("seed": 1)"), "seed: ", kNever},
    {only(R"({"role": "system", "content": "x"})"), "messages[0].role: "}, {only(R"({"role": "user"})"), "messages[0].content: "}, {only(R"({"role": "user", "content": 5})"), "messages[0].content: "},
    {block("user", "5"), "messages[0].content[0]: "}, {block("user", R"({"type": "image", "source": {}})"), "messages[0].content[0].type: \"image\"", kNever},
    {block("user", R"({"type": "tool_use", "id": "x", "name": "f", "input": {}})"), "messages[0].content[0].type: ", kNever},
    {block("user", R"({"type": "text", "text": 5})"), "messages[0].content[0].text: "}, {block("user", R"({"type": "text", "text": "", "x": 1})"), "messages[0].content[0].x: ", kNever},
    {block("assistant", R"({"type": "tool_use", "id": "x", "input": {}})"), "messages[0].content[0].name: "},
    {block("assistant", R"({"type": "tool_use", "name": "f", "input": []})"), "messages[0].content[0].input: "},
    {block("assistant", R"({"type": "text", "text": "Once"})"), "messages: the last message must be the user's", kNever},
  });
}

}  // namespace
}  // namespace sluice::serve
