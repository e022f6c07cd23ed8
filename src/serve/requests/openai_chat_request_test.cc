#include "serve/requests/openai_chat_request.h"

#include <gtest/gtest.h>

#include "support/refusals.h"

namespace sluice::serve {
namespace {

using test::expect_refused;
using test::must_parse;
using test::with;

constexpr std::string_view kHello = R"({"messages": [{"role": "user", "content": "Hello"}]})";

GenerationRequest parse(std::string_view fields) { return must_parse(parse_openai_chat, with(kHello, fields)); }
std::string hello_and(std::string_view fields) { return with(kHello, fields); }
std::string only(std::string_view message) { return R"({"messages": [)" + std::string(message) + "]}"; }

TEST(OpenaiChatRequest, AskedForNothingTheModelsOwnIsTaken) {
  const auto r = must_parse(parse_openai_chat, kHello);
  EXPECT_EQ(text::to_json(r.messages), R"([{"role": "user", "content": "Hello"}])");
  EXPECT_EQ(r.model, "");
  EXPECT_FALSE(r.prompt || r.max_tokens || r.top_chances || r.thinking || r.thinking_budget);
  EXPECT_FALSE(r.sampling.temperature || r.sampling.top_p || r.sampling.top_k || r.sampling.min_p || r.sampling.seed);
  EXPECT_FALSE(r.stream || r.include_usage || r.strict_tools || r.echo);
  EXPECT_TRUE(r.tools.is_none() && r.stop.empty() && r.parallel_tool_calls && r.think_by_default);
}

TEST(OpenaiChatRequest, SamplingAndLength) {
  const auto r = parse(R"("model": "m", "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.05, "presence_penalty": -2, "frequency_penalty": 2,
    "repetition_penalty": 1.1, "seed": -1, "max_tokens": 5, "n": 1, "stop": "END", "logprobs": true, "top_logprobs": 20, "stream": true,
    "stream_options": {"include_usage": true})");
  EXPECT_EQ(r.model, "m");
  EXPECT_EQ(r.sampling.temperature, 0.5);
  EXPECT_EQ(r.sampling.top_p, 0.9);
  EXPECT_EQ(r.sampling.top_k, 40);
  EXPECT_EQ(r.sampling.min_p, 0.05);
  EXPECT_EQ(r.sampling.presence_penalty, -2);
  EXPECT_EQ(r.sampling.frequency_penalty, 2);
  EXPECT_EQ(r.sampling.repetition_penalty, 1.1);
  EXPECT_EQ(r.sampling.seed, UINT64_MAX);
  EXPECT_EQ(r.max_tokens, 5);
  EXPECT_EQ(r.top_chances, 20);
  EXPECT_EQ(r.stop, std::vector<std::string>{"END"});
  EXPECT_TRUE(r.stream && r.include_usage);
  EXPECT_EQ(parse(R"("max_tokens": 5, "max_completion_tokens": 7)").max_tokens, 7);
  EXPECT_EQ(parse(R"("max_tokens": 1e3)").max_tokens, 1000);  // JavaScript's way
  EXPECT_EQ(parse(R"("logprobs": true)").top_chances, 0);
  EXPECT_EQ(parse(R"("stop": ["a", "b"])").stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(parse(R"("temperature": null, "stop": null, "tools": null)").sampling.temperature);
}

TEST(OpenaiChatRequest, Thinking) {
  EXPECT_EQ(parse(R"("reasoning_effort": "none")").thinking, false);
  EXPECT_EQ(parse(R"("reasoning_effort": "minimal")").thinking_budget, 256);
  EXPECT_EQ(parse(R"("reasoning_effort": "low")").thinking_budget, 1024);
  EXPECT_EQ(parse(R"("reasoning_effort": "medium")").thinking_budget, 4096);
  const auto high = parse(R"("reasoning_effort": "high")");
  EXPECT_TRUE(high.thinking == true && !high.thinking_budget);
  EXPECT_EQ(parse(R"("enable_thinking": false)").thinking, false);
  EXPECT_EQ(parse(R"("chat_template_kwargs": {"enable_thinking": false})").thinking, false);
  EXPECT_EQ(parse(R"("thinking_budget": 0)").thinking_budget, 0);
}

TEST(OpenaiChatRequest, HistoryInTheTemplatesForm) {
  const auto r = must_parse(parse_openai_chat, R"({"messages": [
    {"role": "system", "content": "A."}, {"role": "developer", "content": [{"type": "text", "text": "B"}, {"type": "text", "text": "C"}]},
    {"role": "user", "content": "x", "name": "tom"},
    {"role": "assistant", "content": null, "reasoning_content": "hm", "refusal": null,
     "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": [1, 2]}", "parsed_arguments": {}}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "done"}]})");
  EXPECT_EQ(text::to_json(r.messages),
            R"([{"role": "system", "content": "A.\n\nBC"}, {"role": "user", "content": "x"}, )"
            R"({"role": "assistant", "content": "", "reasoning_content": "hm", "tool_calls": [{"id": "c1", "type": "function", )"
            R"("function": {"name": "f", "arguments": {"a": [1, 2]}}}]}, {"role": "tool", "content": "done", "tool_call_id": "c1"}])");
}

TEST(OpenaiChatRequest, ToolsAndFormats) {
  const auto r = parse(R"("tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true, "parameters": {"type": "object"}}},
    {"type": "function", "function": {"name": "g"}}], "tool_choice": {"type": "function", "function": {"name": "g"}}, "parallel_tool_calls": false)");
  EXPECT_EQ(text::to_json(r.tools),
            R"([{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}, )"
            R"({"type": "function", "function": {"name": "g", "parameters": {"type": "object", "properties": {}}}}])");
  EXPECT_TRUE(r.strict_tools);
  EXPECT_FALSE(r.parallel_tool_calls);
  EXPECT_EQ(r.tool_choice.kind, ToolChoice::Kind::named);
  EXPECT_EQ(r.tool_choice.name, "g");
  EXPECT_EQ(parse(R"("tool_choice": "required")").tool_choice.kind, ToolChoice::Kind::required);
  EXPECT_EQ(parse(R"("tool_choice": "none")").tool_choice.kind, ToolChoice::Kind::none);
  EXPECT_EQ(parse(R"("response_format": {"type": "json_object"})").format.kind, AnswerFormat::Kind::json_object);
  const auto schema = parse(R"("response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": true, "schema": {"type": "array"}}})");
  EXPECT_EQ(schema.format.kind, AnswerFormat::Kind::json_schema);
  EXPECT_EQ(text::to_json(schema.format.schema), R"({"type": "array"})");
}

TEST(OpenaiChatRequest, WhatChangesNothingIsAccepted) {
  parse(R"("user": "u", "metadata": {"a": "b"}, "store": true, "service_tier": "auto", "safety_identifier": "s", "prompt_cache_key": "k",
    "prompt_cache_retention": "24h", "prediction": {"type": "content", "content": "x"}, "logit_bias": {}, "functions": [], "modalities": ["text"],
    "verbosity": "medium", "audio": null)");
}

TEST(OpenaiChatRequest, BoundsAreNamed) {
  expect_refused(parse_openai_chat, {
    {hello_and(R"("temperature": -0.1)"), "temperature: must be a number from 0 to 100"}, {hello_and(R"("temperature": 100.5)"), "temperature: "},
    {hello_and(R"("temperature": "1")"), "temperature: "}, {hello_and(R"("temperature": true)"), "temperature: "}, {hello_and(R"("temperature": 1e999)"), ""},
    {hello_and(R"("top_p": 1.01)"), "top_p: "}, {hello_and(R"("top_k": -2)"), "top_k: "}, {hello_and(R"("top_k": 2147483648)"), "top_k: "},
    {hello_and(R"("min_p": 2)"), "min_p: "}, {hello_and(R"("presence_penalty": 2.1)"), "presence_penalty: "}, {hello_and(R"("frequency_penalty": -3)"), "frequency_penalty: "},
    {hello_and(R"("repetition_penalty": 0)"), "repetition_penalty: "}, {hello_and(R"("seed": 1.5)"), "seed: "}, {hello_and(R"("seed": 99999999999999999999)"), "seed: "},
    {hello_and(R"("max_tokens": -1)"), "max_tokens: must be a whole number, at least 0"}, {hello_and(R"("max_tokens": 1e300)"), "max_tokens: "},
    {hello_and(R"("max_completion_tokens": "many")"), "max_completion_tokens: "}, {hello_and(R"("thinking_budget": -1)"), "thinking_budget: "},
    {hello_and(R"("stream": 1)"), "stream: must be true or false"}, {hello_and(R"("model": 4)"), "model: must be a string"},
    {hello_and(R"("logprobs": true, "top_logprobs": 21)"), "top_logprobs: must be a whole number from 0 to 20"}, {hello_and(R"("top_logprobs": 1)"), "top_logprobs: only with logprobs"},
    {hello_and(R"("stop": "")"), "stop: "}, {hello_and(R"("stop": [1])"), "stop: "}, {hello_and(R"("stop": {})"), "stop: "},
    {hello_and(R"("stream_options": {})"), "stream_options: only with stream"}, {hello_and(R"("stream": true, "stream_options": [])"), "stream_options: must be an object"},
    {hello_and(R"("reasoning_effort": "great")"), "reasoning_effort: "}, {hello_and(R"("tool_choice": "maybe")"), "tool_choice: "}, {hello_and(R"("tool_choice": {"type": "function"})"), "tool_choice: "},
    {hello_and(R"("response_format": {"type": "xml"})"), "response_format.type: "}, {hello_and(R"("response_format": {"type": "json_schema"})"), "response_format.json_schema: must have a schema"},
    {hello_and(R"("response_format": {"type": "json_schema", "json_schema": {"schema": 5}})"), "response_format.json_schema: "},
  });
  std::string stops = "\"a\"";
  for (int i = 0; i < 64; ++i) stops += ", \"a\"";
  expect_refused(parse_openai_chat, {{hello_and("\"stop\": [" + stops + "]"), "stop: at most 64"}});
}

TEST(OpenaiChatRequest, WhatCannotBeHonouredIsRefused) {
  constexpr Code kNever = Code::unsupported;
  expect_refused(parse_openai_chat, {
    {hello_and(R"("n": 2)"), "n: ", kNever}, {hello_and(R"("logit_bias": {"5": 1})"), "logit_bias: ", kNever}, {hello_and(R"("functions": [{}])"), "functions: ", kNever},
    {hello_and(R"("function_call": "auto")"), "function_call: ", kNever}, {hello_and(R"("audio": {"voice": "x"})"), "audio: ", kNever},
    {hello_and(R"("modalities": ["text", "audio"])"), "modalities: ", kNever}, {hello_and(R"("verbosity": "low")"), "verbosity: ", kNever},
    {hello_and(R"("web_search_options": {"a": 1})"), "web_search_options: ", kNever}, {hello_and(R"("nonsense": 1)"), "nonsense: this field is not known", kNever},
    {hello_and(R"("temperature\n": 1)"), R"("temperature\x0a": )", kNever}, {hello_and(R"("stream": true, "stream_options": {"x": 1})"), "stream_options.x: ", kNever},
    {hello_and(R"("chat_template_kwargs": {"messages": []})"), "chat_template_kwargs.messages: ", kNever}, {hello_and(R"("response_format": {"type": "text", "x": 1})"), "response_format.x: ", kNever},
    {hello_and(R"("tools": [{"type": "web_search"}])"), "tools[0].type: ", kNever},
    {only(R"({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]})"), "messages[0].content: part 0: a part of type \"image_url\"", kNever},
    {only(R"({"role": "assistant", "content": "", "audio": {"id": "x"}})"), "messages[0].audio: ", kNever},
    {only(R"({"role": "assistant", "content": "", "function_call": {"name": "f"}})"), "messages[0].function_call: ", kNever},
    {only(R"({"role": "user", "content": "", "x": 1})"), "messages[0].x: ", kNever},
  });
}

TEST(OpenaiChatRequest, MessagesAndToolsAreNamedByTheirPlace) {
  const std::string two = R"({"type": "function", "function": {"name": "f"}})";
  expect_refused(parse_openai_chat, {
    {"{}", "messages: "}, {R"({"messages": []})", "messages: "}, {R"({"messages": "Hello"})", "messages: must be a list"}, {only("5"), "messages[0]: must be an object"},
    {only(R"({"role": "user", "content": "a"}, {"role": "robot", "content": "a"})"), "messages[1].role: "}, {only(R"({"content": "a"})"), "messages[0].role: "},
    {only(R"({"role": "user", "content": 5})"), "messages[0].content: "}, {only(R"({"role": "user", "content": [5]})"), "messages[0].content: part 0"},
    {only(R"({"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text"}]})"), "messages[0].content: part 1: must have a text"},
    {only(R"({"role": "assistant", "tool_calls": [{"id": "x"}]})"), "messages[0].tool_calls: 0"},
    {only(R"({"role": "assistant", "tool_calls": [{"function": {"name": ""}}]})"), "messages[0].tool_calls[0].function.name: "},
    {only(R"({"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]})"), "messages[0].tool_calls[0].function.arguments: must be the JSON of an object"},
    {hello_and(R"("tools": {})"), "tools: must be a list"}, {hello_and(R"("tools": [1])"), "tools[0]: must be an object"},
    {hello_and(R"("tools": [{"type": "function"}])"), "tools[0].function: "}, {hello_and("\"tools\": [" + two + ", " + two + "]"), "tools[1].function.name: f is there twice"},
    {hello_and(R"("tools": [{"type": "function", "function": {"name": "a b"}}])"), "tools[0].function.name: "},
    {hello_and(R"("tools": [{"type": "function", "function": {"name": ")" + std::string(129, 'a') + "\"}}]"), "tools[0].function.name: "},
    {hello_and(R"("tools": [{"type": "function", "function": {"name": "f", "parameters": []}}])"), "tools[0].function.parameters: must be an object"},
  });
}

}  // namespace
}  // namespace sluice::serve
