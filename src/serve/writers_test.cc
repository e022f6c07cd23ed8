// The exact JSON of every dialect, whole and streamed. Identifiers stand as ID, times as TIME.
#include "serve/writers.h"

#include <gtest/gtest.h>

#include <regex>

#include "support/tokenizers.h"

namespace sluice::serve {
namespace {

constexpr Usage kUsage{10, 4, 7, 2};

const text::Tokenizer& bytes_tokenizer() {  // id = byte; 256 "He"
  static const auto tokenizer = test::must_create(test::byte_vocabulary({"He"}));
  return *tokenizer;
}

Writing writing() { return {&bytes_tokenizer(), "demo"}; }

std::string plain(const std::string& text) {
  static const std::regex id("(chatcmpl-|cmpl-|resp_|msg_|rs_|fc_)[a-z0-9]{24}"), time("\"(created|created_at)\": [0-9]+");
  return std::regex_replace(std::regex_replace(text, id, "$1ID"), time, "\"$1\": TIME");
}

GenerationRequest asked(bool usage = false, bool chances = false) {
  GenerationRequest r;
  r.include_usage = usage;
  if (chances) r.top_chances = 1;
  return r;
}

Piece said(const std::string& content) { return {"", content, {}, {}}; }
Piece thought(const std::string& reasoning) { return {reasoning, "", {}, {}}; }
Piece called() { return {"", "", {{"call_1", "f", R"({"a": 1})"}}, {}}; }
Piece chance() { return {"", "H", {}, {{'H', -0.5f, {{'H', -0.5f}}}}}; }
Piece all_of() { return {"hm", "Hi", {{"call_1", "f", R"({"a": 1})"}}, {}}; }
Ending ended(Ending::Why why, const std::string& stop = "") { return {why, stop, kUsage}; }

constexpr std::string_view kOpenaiUsage =
    R"({"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17, "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 2}})";

// One chunk of a chat; `choice` without its braces and index.
std::string chat_chunk(const std::string& choice, const std::string& after = "") {
  return R"(data: {"id": "chatcmpl-ID", "object": "chat.completion.chunk", "created": TIME, "model": "demo", "choices": [{"index": 0, )" + choice + "}]" + after + "}\n\n";
}

TEST(ChatWriter, Whole) {
  EXPECT_EQ(plain(chat_writer(writing(), asked())->whole(said("Hi"), ended(Ending::Why::stop))),
            R"({"id": "chatcmpl-ID", "object": "chat.completion", "created": TIME, "model": "demo", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, )"
            R"("logprobs": null, "finish_reason": "stop"}], "usage": )" + std::string(kOpenaiUsage) + "}");
  EXPECT_EQ(plain(chat_writer(writing(), asked())->whole(all_of(), ended(Ending::Why::tool_calls))),
            R"({"id": "chatcmpl-ID", "object": "chat.completion", "created": TIME, "model": "demo", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi", )"
            R"("reasoning_content": "hm", "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}, )"
            R"("logprobs": null, "finish_reason": "tool_calls"}], "usage": )" + std::string(kOpenaiUsage) + "}");
  const std::string only_call = chat_writer(writing(), asked())->whole(called(), ended(Ending::Why::tool_calls));
  EXPECT_NE(only_call.find(R"("content": null, "tool_calls": )"), std::string::npos);
}

TEST(ChatWriter, EveryEndHasItsReason) {
  for (const auto& [why, reason] : {std::pair{Ending::Why::stop, "stop"}, {Ending::Why::stop_string, "stop"}, {Ending::Why::length, "length"}, {Ending::Why::context, "length"}, {Ending::Why::tool_calls, "tool_calls"}}) {
    EXPECT_NE(chat_writer(writing(), asked())->whole(said("x"), ended(why)).find(std::string(R"("finish_reason": ")") + reason + '"'), std::string::npos);
    EXPECT_EQ(plain(chat_writer(writing(), asked())->close(ended(why))), chat_chunk(std::string(R"("delta": {}, "finish_reason": ")") + reason + '"') + "data: [DONE]\n\n");
  }
}

TEST(ChatWriter, Streamed) {
  const auto w = chat_writer(writing(), asked());
  EXPECT_EQ(plain(w->open({})), chat_chunk(R"("delta": {"role": "assistant", "content": ""}, "finish_reason": null)"));
  EXPECT_EQ(plain(w->piece(thought("hm"))), chat_chunk(R"("delta": {"reasoning_content": "hm"}, "finish_reason": null)"));
  EXPECT_EQ(plain(w->piece(said("a\"\n"))), chat_chunk(R"("delta": {"content": "a\"\n"}, "finish_reason": null)"));
  for (const char* index : {"0", "1"}) {
    EXPECT_EQ(plain(w->piece(called())), chat_chunk(R"("delta": {"tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}, "index": )" +
                                                    std::string(index) + R"(}]}, "finish_reason": null)"));
  }
  EXPECT_EQ(w->failure({Code::io, "the drive"}), R"(data: {"error": {"message": "the drive", "type": "server_error", "param": null, "code": null}})" "\n\ndata: [DONE]\n\n");
}

TEST(ChatWriter, UsageIsTheLastChunkWhereItIsWanted) {
  const auto w = chat_writer(writing(), asked(true));
  EXPECT_EQ(plain(w->piece(said("Hi"))), chat_chunk(R"("delta": {"content": "Hi"}, "finish_reason": null)", R"(, "usage": null)"));
  EXPECT_EQ(plain(w->close(ended(Ending::Why::stop))),
            chat_chunk(R"("delta": {}, "finish_reason": "stop")", R"(, "usage": null)") +
                R"(data: {"id": "chatcmpl-ID", "object": "chat.completion.chunk", "created": TIME, "model": "demo", "choices": [], "usage": )" + std::string(kOpenaiUsage) + "}\n\ndata: [DONE]\n\n");
}

TEST(ChatWriter, LogProbabilities) {
  const std::string entry = R"("token": "H", "logprob": -0.5, "bytes": [72])";
  const std::string logprobs = R"("logprobs": {"content": [{)" + entry + R"(, "top_logprobs": [{)" + entry + R"(}]}], "refusal": null}, "finish_reason": )";
  const auto w = chat_writer(writing(), asked(false, true));
  EXPECT_EQ(plain(w->piece(chance())), chat_chunk(R"("delta": {"content": "H"}, )" + logprobs + "null"));
  EXPECT_NE(w->whole(chance(), ended(Ending::Why::stop)).find(logprobs), std::string::npos);
  EXPECT_NE(chat_writer(writing(), asked(false, true))->whole(said(""), ended(Ending::Why::stop)).find(R"("logprobs": {"content": [], "refusal": null})"), std::string::npos);
}

std::string text_chunk(const std::string& text, const std::string& reason) {
  return R"(data: {"id": "cmpl-ID", "object": "text_completion", "created": TIME, "model": "demo", "choices": [{"index": 0, "text": ")" + text + R"(", "logprobs": null, "finish_reason": )" + reason + "}]}\n\n";
}

TEST(CompletionWriter, WholeAndStreamed) {
  GenerationRequest r = asked(true);
  r.prompt = "Oh. ";
  r.echo = true;
  const std::string whole = R"({"id": "cmpl-ID", "object": "text_completion", "created": TIME, "model": "demo", "choices": [{"index": 0, "text": "Oh. Hi", "logprobs": null, )"
                            R"("finish_reason": "length"}], "usage": )" + std::string(kOpenaiUsage) + "}";
  EXPECT_EQ(plain(completion_writer(writing(), r)->whole(said("Hi"), ended(Ending::Why::context))), whole);
  const auto w = completion_writer(writing(), r);
  EXPECT_EQ(plain(w->open({})), text_chunk("Oh. ", "null"));
  EXPECT_EQ(plain(w->piece(said("Hi"))), text_chunk("Hi", "null"));
  EXPECT_EQ(plain(w->close(ended(Ending::Why::stop_string))),
            text_chunk("", "\"stop\"") + R"(data: {"id": "cmpl-ID", "object": "text_completion", "created": TIME, "model": "demo", "choices": [], "usage": )" + std::string(kOpenaiUsage) + "}\n\ndata: [DONE]\n\n");
  EXPECT_EQ(completion_writer(writing(), asked())->open({}), "");
}

TEST(CompletionWriter, LogProbabilitiesCountCharacters) {
  const auto w = completion_writer(writing(), asked(false, true));
  Piece two = chance();
  two.content = "HHe";
  two.chances.push_back({256, -1.0f, {{256, -1.0f}, {'H', -2.0f}}});
  EXPECT_NE(w->piece(two).find(R"("logprobs": {"tokens": ["H", "He"], "token_logprobs": [-0.5, -1.0], "top_logprobs": [{"H": -0.5}, {"He": -1.0, "H": -2.0}], "text_offset": [0, 1]})"), std::string::npos);
  EXPECT_NE(w->piece(chance()).find(R"("text_offset": [3])"), std::string::npos);
}

constexpr std::string_view kMessageUsage = R"({"input_tokens": 6, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 4, "output_tokens": 7})";

TEST(MessageWriter, Whole) {
  EXPECT_EQ(plain(message_writer(writing())->whole(all_of(), ended(Ending::Why::tool_calls))),
            R"({"id": "msg_ID", "type": "message", "role": "assistant", "model": "demo", "content": [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "Hi"}, )"
            R"({"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": 1}}], "stop_reason": "tool_use", "stop_sequence": null, "usage": )" + std::string(kMessageUsage) + "}");
  for (const auto& [why, reason] : {std::pair{Ending::Why::stop, "\"end_turn\", \"stop_sequence\": null"}, {Ending::Why::stop_string, "\"stop_sequence\", \"stop_sequence\": \"END\""},
                                    {Ending::Why::length, "\"max_tokens\", \"stop_sequence\": null"}, {Ending::Why::context, "\"model_context_window_exceeded\", \"stop_sequence\": null"}}) {
    EXPECT_NE(message_writer(writing())->whole(said("x"), ended(why, "END")).find(std::string("\"stop_reason\": ") + reason), std::string::npos) << reason;
  }
}

std::string named(const std::string& name, const std::string& rest) { return "event: " + name + "\ndata: {\"type\": \"" + name + "\"" + rest + "}\n\n"; }

TEST(MessageWriter, BlocksFollowOneAnother) {
  const auto w = message_writer(writing());
  EXPECT_EQ(plain(w->open({10, 4, 0, 0})), named("message_start", R"(, "message": {"id": "msg_ID", "type": "message", "role": "assistant", "model": "demo", "content": [], "stop_reason": null, "stop_sequence": null, )"
                                                                 R"("usage": {"input_tokens": 6, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 4, "output_tokens": 0}})"));
  EXPECT_EQ(w->piece(thought("hm")), named("content_block_start", R"(, "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""})") +
                                         named("content_block_delta", R"(, "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"})"));
  EXPECT_EQ(w->piece(said("H")), named("content_block_stop", R"(, "index": 0)") + named("content_block_start", R"(, "index": 1, "content_block": {"type": "text", "text": ""})") +
                                     named("content_block_delta", R"(, "index": 1, "delta": {"type": "text_delta", "text": "H"})"));
  EXPECT_EQ(w->piece(said("i")), named("content_block_delta", R"(, "index": 1, "delta": {"type": "text_delta", "text": "i"})"));
  EXPECT_EQ(w->piece(called()), named("content_block_stop", R"(, "index": 1)") + named("content_block_start", R"(, "index": 2, "content_block": {"type": "tool_use", "id": "call_1", "name": "f", "input": {}})") +
                                    named("content_block_delta", R"(, "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{\"a\": 1}"})") + named("content_block_stop", R"(, "index": 2)"));
  EXPECT_EQ(w->close(ended(Ending::Why::tool_calls)), named("message_delta", R"(, "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": )" + std::string(kMessageUsage)) + named("message_stop", ""));
  EXPECT_EQ(w->ping(), named("ping", ""));
  EXPECT_EQ(w->failure({Code::io, "m"}), "event: error\ndata: {\"type\": \"error\", \"error\": {\"type\": \"api_error\", \"message\": \"m\"}}\n\n");
}

TEST(MessageWriter, AnOpenBlockEndsBeforeTheMessage) {
  const auto w = message_writer(writing());
  w->piece(said("Hi"));
  EXPECT_TRUE(w->close(ended(Ending::Why::stop)).starts_with(named("content_block_stop", R"(, "index": 0)")));
}

std::string response(const std::string& status, const std::string& details, const std::string& output, const std::string& usage, const std::string& error = "null") {
  return R"({"id": "resp_ID", "object": "response", "created_at": TIME, "status": ")" + status + R"(", "error": )" + error + R"(, "incomplete_details": )" + details +
         R"(, "model": "demo", "output": )" + output + R"(, "usage": )" + usage + R"(, "store": false, "metadata": {}})";
}
constexpr std::string_view kResponseUsage =
    R"({"input_tokens": 10, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 2}, "total_tokens": 17})";
const std::string kReasoningItem = R"({"id": "rs_ID", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}], "status": "completed"})";
const std::string kMessageItem = R"({"id": "msg_ID", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}], "status": "completed"})";
const std::string kCallItem = R"({"id": "fc_ID", "type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{\"a\": 1}", "status": "completed"})";

TEST(ResponseWriter, Whole) {
  EXPECT_EQ(plain(response_writer(writing(), asked())->whole(all_of(), ended(Ending::Why::tool_calls))),
            response("completed", "null", "[" + kReasoningItem + ", " + kMessageItem + ", " + kCallItem + "]", std::string(kResponseUsage)));
  EXPECT_EQ(plain(response_writer(writing(), asked())->whole(said("Hi"), ended(Ending::Why::length))),
            response("incomplete", R"({"reason": "max_output_tokens"})", "[" + kMessageItem + "]", std::string(kResponseUsage)));
}

TEST(ResponseWriter, TheStreamTellsOfEveryItem) {
  const auto w = response_writer(writing(), asked());
  int64_t number = 0;
  auto event = [&number](const std::string& type, const std::string& rest) {
    return "event: " + type + "\ndata: {\"type\": \"" + type + "\", \"sequence_number\": " + std::to_string(number++) + ", " + rest + "}\n\n";
  };
  auto place = [](const std::string& id, int index) { return R"("item_id": ")" + id + R"(", "output_index": )" + std::to_string(index); };
  const std::string begun = R"("response": )" + response("in_progress", "null", "[]", "null");
  std::string want = event("response.created", begun);
  EXPECT_EQ(plain(w->open({})), want + event("response.in_progress", begun));

  want = event("response.output_item.added", R"("output_index": 0, "item": {"id": "msg_ID", "type": "message", "role": "assistant", "content": [], "status": "in_progress"})");
  want += event("response.content_part.added", place("msg_ID", 0) + R"(, "content_index": 0, "part": {"type": "output_text", "text": "", "annotations": [], "logprobs": []})");
  EXPECT_EQ(plain(w->piece(said("Hi"))), want + event("response.output_text.delta", place("msg_ID", 0) + R"(, "content_index": 0, "delta": "Hi", "logprobs": [])"));

  want = event("response.output_text.done", place("msg_ID", 0) + R"(, "content_index": 0, "text": "Hi", "logprobs": [])");
  want += event("response.content_part.done", place("msg_ID", 0) + R"(, "content_index": 0, "part": {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []})");
  want += event("response.output_item.done", R"("output_index": 0, "item": )" + kMessageItem);
  want += event("response.output_item.added", R"("output_index": 1, "item": {"id": "fc_ID", "type": "function_call", "call_id": "call_1", "name": "f", "arguments": "", "status": "in_progress"})");
  want += event("response.function_call_arguments.delta", place("fc_ID", 1) + R"(, "delta": "{\"a\": 1}")");
  want += event("response.function_call_arguments.done", place("fc_ID", 1) + R"(, "arguments": "{\"a\": 1}", "name": "f")");
  EXPECT_EQ(plain(w->piece(called())), want + event("response.output_item.done", R"("output_index": 1, "item": )" + kCallItem));

  EXPECT_EQ(plain(w->close(ended(Ending::Why::tool_calls))),
            event("response.completed", R"("response": )" + response("completed", "null", "[" + kMessageItem + ", " + kCallItem + "]", std::string(kResponseUsage))));
}

TEST(ResponseWriter, ReasoningAndFailure) {
  const auto w = response_writer(writing(), asked());
  const std::string begun = plain(w->piece(thought("hm")));
  EXPECT_NE(begun.find(R"("part": {"type": "reasoning_text", "text": ""})"), std::string::npos);
  EXPECT_NE(begun.find(R"("type": "response.reasoning_text.delta", "sequence_number": 2, "item_id": "rs_ID", "output_index": 0, "content_index": 0, "delta": "hm")"), std::string::npos);
  const std::string ended_item = plain(w->close(ended(Ending::Why::context)));
  EXPECT_NE(ended_item.find("event: response.reasoning_text.done"), std::string::npos);
  EXPECT_NE(ended_item.find("event: response.incomplete"), std::string::npos);
  EXPECT_NE(ended_item.find(kReasoningItem), std::string::npos);
  EXPECT_EQ(plain(response_writer(writing(), asked())->failure({Code::io, "m"})),
            "event: response.failed\ndata: {\"type\": \"response.failed\", \"sequence_number\": 0, \"response\": " +
                response("failed", "null", "[]", "null", R"({"code": "server_error", "message": "m"})") + "}\n\n");
}

}  // namespace
}  // namespace sluice::serve
