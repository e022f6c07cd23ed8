#include "serve/requests/responses_request.h"

#include <gtest/gtest.h>

#include "support/refusals.h"

namespace sluice::serve {
namespace {

using test::must_parse;
using test::with;

constexpr std::string_view kHello = R"({"input": "Hello"})";

GenerationRequest parse(std::string_view body) { return must_parse(parse_responses, body); }
std::string items(std::string_view list) { return R"({"input": [)" + std::string(list) + "]}"; }

TEST(ResponsesRequest, TextIsAMessageOfTheUser) {
  EXPECT_EQ(text::to_json(parse(with(kHello, R"("instructions": "Be brief.")")).messages),
            R"([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}])");
}

TEST(ResponsesRequest, ItemsBecomeOneConversation) {
  const auto r = parse(R"({"instructions": "A.", "input": [
    {"role": "developer", "content": "B."}, {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]},
    {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
    {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": "I look."}]},
    {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{\"a\": 1}"},
    {"type": "function_call", "call_id": "c2", "name": "g", "arguments": ""},
    {"type": "function_call_output", "call_id": "c1", "output": "31"}]})");
  EXPECT_EQ(text::to_json(r.messages),
            R"([{"role": "system", "content": "A.\n\nB."}, {"role": "user", "content": "x"}, )"
            R"({"role": "assistant", "content": "I look.", "reasoning_content": "hm", "tool_calls": [)"
            R"({"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}, )"
            R"({"id": "c2", "type": "function", "function": {"name": "g", "arguments": {}}}]}, )"
            R"({"role": "tool", "content": "31", "tool_call_id": "c1"}])");
}

TEST(ResponsesRequest, ToolsFormatsAndThinking) {
  const auto r = parse(with(kHello, R"("tools": [{"type": "function", "name": "f", "strict": true, "parameters": {"type": "object"}}],
    "tool_choice": {"type": "function", "name": "f"}, "max_output_tokens": 9, "top_logprobs": 2, "reasoning": {"effort": "low", "summary": "auto"},
    "text": {"verbosity": "medium", "format": {"type": "json_schema", "name": "n", "strict": true, "schema": {"type": "array"}}}, "truncation": "disabled")"));
  EXPECT_EQ(text::to_json(r.tools), R"([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}])");
  EXPECT_TRUE(r.strict_tools);
  EXPECT_EQ(r.tool_choice.name, "f");
  EXPECT_EQ(r.max_tokens, 9);
  EXPECT_EQ(r.top_chances, 2);
  EXPECT_EQ(r.thinking_budget, 1024);
  EXPECT_EQ(text::to_json(r.format.schema), R"({"type": "array"})");
  EXPECT_EQ(parse(with(kHello, R"("text": {"format": {"type": "json_object"}})")).format.kind, AnswerFormat::Kind::json_object);
  EXPECT_EQ(parse(with(kHello, R"("reasoning": {"effort": "none"})")).thinking, false);
}

TEST(ResponsesRequest, ItemsAreNamedByTheirPlace) {
  constexpr Code kNever = Code::unsupported;
  test::expect_refused(parse_responses, {
    {"{}", "input: "}, {R"({"input": []})", "input: "}, {R"({"input": 5})", "input: "}, {items("5"), "input[0]: must be an object"},
    {items(R"({"role": "robot", "content": ""})"), "input[0].role: "}, {items(R"({"content": "x"})"), "input[0].role: "}, {items(R"({"type": 5})"), "input[0].type: "},
    {items(R"({"type": "web_search_call"})"), "input[0].type: ", kNever}, {items(R"({"type": "function_call", "call_id": "c"})"), "input[0].name: "},
    {items(R"({"type": "function_call", "call_id": "c", "name": "f", "arguments": "5"})"), "input[0].arguments: "},
    {items(R"({"role": "user", "content": "x"}, {"role": "user", "content": [{"type": "input_image", "image_url": "file:///etc/passwd"}]})"), "input[1].content: part 0", kNever},
    {items(R"({"type": "reasoning", "summary": [], "encrypted_content": "x"})"), "input[0].encrypted_content: ", kNever},
    {items(R"({"role": "user", "content": "x", "x": 1})"), "input[0].x: ", kNever},
  });
}

TEST(ResponsesRequest, WhatIsRefused) {
  constexpr Code kNever = Code::unsupported;
  test::expect_refused(parse_responses, {
    {with(kHello, R"("previous_response_id": "resp_1")"), "previous_response_id: ", kNever}, {with(kHello, R"("conversation": "c")"), "conversation: ", kNever},
    {with(kHello, R"("background": true)"), "background: ", kNever}, {with(kHello, R"("prompt": {"id": "p"})"), "prompt: ", kNever},
    {with(kHello, R"("include": ["x"])"), "include: ", kNever}, {with(kHello, R"("truncation": "auto")"), "truncation: ", kNever},
    {with(kHello, R"("max_tool_calls": 1)"), "max_tool_calls: ", kNever}, {with(kHello, R"("nonsense": 1)"), "nonsense: ", kNever},
    {with(kHello, R"("tools": [{"type": "web_search"}])"), "tools[0].type: ", kNever}, {with(kHello, R"("tools": [{"type": "function", "name": ""}])"), "tools[0].name: "},
    {with(kHello, R"("tools": [5])"), "tools[0]: "}, {with(kHello, R"("text": {"verbosity": "high"})"), "text.verbosity: ", kNever},
    {with(kHello, R"("text": {"format": {"type": "json_schema"}})"), "text.format.schema: "}, {with(kHello, R"("text": {"format": {"type": "x"}})"), "text.format.type: "},
    {with(kHello, R"("text": {"x": 1})"), "text.x: ", kNever}, {with(kHello, R"("reasoning": {"effort": "x"})"), "reasoning.effort: "},
    {with(kHello, R"("reasoning": {"x": 1})"), "reasoning.x: ", kNever}, {with(kHello, R"("max_output_tokens": -1)"), "max_output_tokens: "},
    {with(kHello, R"("top_logprobs": 21)"), "top_logprobs: "}, {with(kHello, R"("instructions": [])"), "instructions: "}, {with(kHello, R"("n": 2)"), "n: ", kNever},
  });
}

}  // namespace
}  // namespace sluice::serve
