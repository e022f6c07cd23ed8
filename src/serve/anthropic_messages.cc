// POST /v1/messages.
#include "serve/requests/anthropic_request.h"
#include "serve/identifier.h"
#include "serve/respond.h"
#include "serve/routes.h"
#include "serve/sse.h"
#include "serve/writers.h"

namespace sluice::serve {
namespace {

using text::Value;

std::string_view reason_of(const Ending& ending) {
  switch (ending.why) {
    case Ending::Why::stop: return "end_turn";
    case Ending::Why::stop_string: return "stop_sequence";
    case Ending::Why::length: return "max_tokens";
    case Ending::Why::context: return "model_context_window_exceeded";
    case Ending::Why::tool_calls: return "tool_use";
  }
  return "end_turn";
}

Value stop_of(const Ending& ending) { return ending.why == Ending::Why::stop_string ? Value::string(ending.stop_string) : Value(); }

Value usage_value(const Usage& u) {
  return Value::map({{"input_tokens", Value::integer(u.prompt - u.cached)},
                     {"cache_creation_input_tokens", Value::integer(0)},
                     {"cache_read_input_tokens", Value::integer(u.cached)},
                     {"output_tokens", Value::integer(u.completion)}});
}

Value tool_block(const Call& call, bool with_input) {
  Value input = Value::map();
  if (with_input) {
    if (auto parsed = text::parse_json(call.arguments); parsed.ok()) input = *parsed;
  }
  return Value::map({{"type", Value::string("tool_use")}, {"id", Value::string(call.id)}, {"name", Value::string(call.name)}, {"input", input}});
}

class MessageWriter : public AnswerWriter {
 public:
  explicit MessageWriter(const Writing& w) : model_(w.model) {}

  std::string open(const Usage& prompt) override {
    const Value message = frame(Value::list(), Value(), Value(), prompt);
    return sse("message_start", Value::map({{"type", Value::string("message_start")}, {"message", message}}));
  }

  std::string piece(const Piece& p) override {
    std::string out;
    if (!p.reasoning.empty()) {
      out += into(Open::thinking, Value::map({{"type", Value::string("thinking")}, {"thinking", Value::string("")}, {"signature", Value::string("")}}));
      out += delta(Value::map({{"type", Value::string("thinking_delta")}, {"thinking", Value::string(p.reasoning)}}));
    }
    if (!p.content.empty()) {
      out += into(Open::text, Value::map({{"type", Value::string("text")}, {"text", Value::string("")}}));
      out += delta(Value::map({{"type", Value::string("text_delta")}, {"text", Value::string(p.content)}}));
    }
    for (const Call& call : p.calls) {
      out += end_block();
      out += into(Open::tool, tool_block(call, false));
      out += delta(Value::map({{"type", Value::string("input_json_delta")}, {"partial_json", Value::string(call.arguments)}}));
      out += end_block();
    }
    return out;
  }

  std::string close(const Ending& ending) override {
    const Value last = Value::map({{"stop_reason", Value::string(reason_of(ending))}, {"stop_sequence", stop_of(ending)}});
    return end_block() +
           sse("message_delta", Value::map({{"type", Value::string("message_delta")}, {"delta", last}, {"usage", usage_value(ending.usage)}})) +
           sse("message_stop", Value::map({{"type", Value::string("message_stop")}}));
  }

  std::string failure(const Error& error) override { return "event: error\n" + sse(error_json(Dialect::anthropic, http_error(error))); }
  std::string ping() override { return sse("ping", Value::map({{"type", Value::string("ping")}})); }

  std::string whole(const Piece& all, const Ending& ending) override {
    const Value content = Value::list();
    if (!all.reasoning.empty()) {
      content.push(Value::map({{"type", Value::string("thinking")}, {"thinking", Value::string(all.reasoning)}, {"signature", Value::string("")}}));
    }
    if (!all.content.empty()) content.push(Value::map({{"type", Value::string("text")}, {"text", Value::string(all.content)}}));
    for (const Call& call : all.calls) content.push(tool_block(call, true));
    return text::to_json(frame(content, Value::string(reason_of(ending)), stop_of(ending), ending.usage));
  }

 private:
  enum class Open { nothing, thinking, text, tool };

  Value frame(const Value& content, const Value& reason, const Value& stop, const Usage& usage) const {
    return Value::map({{"id", Value::string(id_)}, {"type", Value::string("message")}, {"role", Value::string("assistant")},
                       {"model", Value::string(model_)}, {"content", content}, {"stop_reason", reason}, {"stop_sequence", stop},
                       {"usage", usage_value(usage)}});
  }

  // Blocks follow one another: the one that is open ends where another begins.
  std::string into(Open block, const Value& beginning) {
    if (open_ == block) return "";
    std::string out = end_block();
    open_ = block;
    return out + sse("content_block_start", Value::map({{"type", Value::string("content_block_start")}, {"index", Value::integer(index_)}, {"content_block", beginning}}));
  }
  std::string delta(const Value& change) const {
    return sse("content_block_delta", Value::map({{"type", Value::string("content_block_delta")}, {"index", Value::integer(index_)}, {"delta", change}}));
  }
  std::string end_block() {
    if (open_ == Open::nothing) return "";
    open_ = Open::nothing;
    return sse("content_block_stop", Value::map({{"type", Value::string("content_block_stop")}, {"index", Value::integer(index_++)}}));
  }

  const std::string model_, id_ = identifier("msg_");
  Open open_ = Open::nothing;
  int64_t index_ = 0;
};

}  // namespace

std::shared_ptr<AnswerWriter> message_writer(const Writing& writing) { return std::make_shared<MessageWriter>(writing); }

HttpResponse anthropic_messages(Service& service, const HttpRequest& request, Peer& peer) {
  auto parsed = parse_anthropic(request.body);
  if (!parsed.ok()) return wire_error(Dialect::anthropic, http_error(parsed.error()));
  auto writer = message_writer(writing_for(service, *parsed));
  return respond(service, std::move(parsed).value(), peer, Dialect::anthropic, std::move(writer));
}

}  // namespace sluice::serve
