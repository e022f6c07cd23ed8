// POST /v1/chat/completions.
#include <ctime>

#include "serve/identifier.h"
#include "serve/openai_chances.h"
#include "serve/requests/openai_chat_request.h"
#include "serve/openai_usage.h"
#include "serve/respond.h"
#include "serve/routes.h"
#include "serve/sse.h"
#include "serve/writers.h"

namespace sluice::serve {
namespace {

using text::Value;

std::string_view reason_of(const Ending& ending) {
  switch (ending.why) {
    case Ending::Why::length:
    case Ending::Why::context: return "length";
    case Ending::Why::tool_calls: return "tool_calls";
    default: return "stop";
  }
}

class ChatWriter : public AnswerWriter {
 public:
  ChatWriter(const Writing& w, const GenerationRequest& r)
      : tokenizer_(w.tokenizer), model_(w.model), usage_wanted_(r.include_usage), chances_wanted_(r.top_chances.has_value()) {}

  std::string open(const Usage&) override {
    return chunk(Value::map({{"role", Value::string("assistant")}, {"content", Value::string("")}}), {}, Value());
  }

  std::string piece(const Piece& p) override {
    std::string out;
    if (!p.reasoning.empty()) out += chunk(Value::map({{"reasoning_content", Value::string(p.reasoning)}}), {}, Value());
    if (!p.content.empty() || !p.chances.empty()) out += chunk(Value::map({{"content", Value::string(p.content)}}), p.chances, Value());
    for (const Call& call : p.calls) {
      const Value delta = call_value(call);
      delta.set("index", Value::integer(calls_++));
      out += chunk(Value::map({{"tool_calls", Value::list({delta})}}), {}, Value());
    }
    return out;
  }

  std::string close(const Ending& ending) override {
    std::string out = chunk(Value::map(), {}, Value::string(reason_of(ending)));
    if (usage_wanted_) {
      const Value last = frame("chat.completion.chunk", Value::list());
      last.set("usage", openai_usage(ending.usage));
      out += sse(last);
    }
    return out + std::string(kSseDone);
  }

  std::string failure(const Error& error) override { return sse(error_json(Dialect::openai, http_error(error))) + std::string(kSseDone); }

  std::string whole(const Piece& all, const Ending& ending) override {
    const Value message = Value::map({{"role", Value::string("assistant")},
                                      {"content", all.content.empty() && !all.calls.empty() ? Value() : Value::string(all.content)}});
    if (!all.reasoning.empty()) message.set("reasoning_content", Value::string(all.reasoning));
    if (!all.calls.empty()) {
      const Value calls = Value::list();
      for (const Call& call : all.calls) calls.push(call_value(call));
      message.set("tool_calls", calls);
    }
    const Value choice = Value::map({{"index", Value::integer(0)}, {"message", message}, {"logprobs", logprobs(all.chances)},
                                     {"finish_reason", Value::string(reason_of(ending))}});
    const Value out = frame("chat.completion", Value::list({choice}));
    out.set("usage", openai_usage(ending.usage));
    return text::to_json(out);
  }

 private:
  static Value call_value(const Call& call) {
    return Value::map({{"id", Value::string(call.id)},
                       {"type", Value::string("function")},
                       {"function", Value::map({{"name", Value::string(call.name)}, {"arguments", Value::string(call.arguments)}})}});
  }

  Value logprobs(const std::vector<TokenChances>& chances) const {
    if (!chances_wanted_) return Value();
    return Value::map({{"content", chances_list(*tokenizer_, chances)}, {"refusal", Value()}});
  }

  Value frame(std::string_view object, const Value& choices) const {
    return Value::map({{"id", Value::string(id_)}, {"object", Value::string(object)}, {"created", Value::integer(created_)},
                       {"model", Value::string(model_)}, {"choices", choices}});
  }

  std::string chunk(const Value& delta, const std::vector<TokenChances>& chances, const Value& reason) const {
    const Value choice = Value::map({{"index", Value::integer(0)}, {"delta", delta}});
    if (!chances.empty()) choice.set("logprobs", logprobs(chances));
    choice.set("finish_reason", reason);
    const Value out = frame("chat.completion.chunk", Value::list({choice}));
    if (usage_wanted_) out.set("usage", Value());
    return sse(out);
  }

  const text::Tokenizer* tokenizer_;
  const std::string model_, id_ = identifier("chatcmpl-");
  const int64_t created_ = std::time(nullptr);
  const bool usage_wanted_, chances_wanted_;
  int64_t calls_ = 0;
};

}  // namespace

std::shared_ptr<AnswerWriter> chat_writer(const Writing& writing, const GenerationRequest& request) { return std::make_shared<ChatWriter>(writing, request); }

HttpResponse openai_chat(Service& service, const HttpRequest& request, Peer& peer) {
  auto parsed = parse_openai_chat(request.body);
  if (!parsed.ok()) return wire_error(Dialect::openai, http_error(parsed.error()));
  auto writer = chat_writer(writing_for(service, *parsed), *parsed);
  return respond(service, std::move(parsed).value(), peer, Dialect::openai, std::move(writer));
}

}  // namespace sluice::serve
