// POST /v1/responses: an answer is a list of items (reasoning, a message, calls), and a stream tells of each item as it
// begins, grows and ends.
#include <ctime>

#include "serve/identifier.h"
#include "serve/openai_chances.h"
#include "serve/respond.h"
#include "serve/requests/responses_request.h"
#include "serve/routes.h"
#include "serve/sse.h"
#include "serve/writers.h"

namespace sluice::serve {
namespace {

using text::Value;

Value usage_value(const Usage& u) {
  return Value::map({{"input_tokens", Value::integer(u.prompt)},
                     {"input_tokens_details", Value::map({{"cached_tokens", Value::integer(u.cached)}})},
                     {"output_tokens", Value::integer(u.completion)},
                     {"output_tokens_details", Value::map({{"reasoning_tokens", Value::integer(u.reasoning)}})},
                     {"total_tokens", Value::integer(u.prompt + u.completion)}});
}

class ResponseWriter : public AnswerWriter {
 public:
  ResponseWriter(const Writing& w, const GenerationRequest& r) : tokenizer_(w.tokenizer), model_(w.model), chances_wanted_(r.top_chances.has_value()) {}

  std::string open(const Usage&) override {
    const Value response = frame("in_progress");
    std::string out = event("response.created", {{"response", response}});
    return out += event("response.in_progress", {{"response", response}});
  }

  std::string piece(const Piece& p) override {
    std::string out;
    if (!p.reasoning.empty()) {
      out += begin(Open::reasoning);
      text_ += p.reasoning;
      out += event("response.reasoning_text.delta", place({{"delta", Value::string(p.reasoning)}}));
    }
    if (!p.content.empty() || !p.chances.empty()) {
      out += begin(Open::message);
      text_ += p.content;
      chances_.insert(chances_.end(), p.chances.begin(), p.chances.end());
      out += event("response.output_text.delta", place({{"delta", Value::string(p.content)}, {"logprobs", logprobs(p.chances)}}));
    }
    for (const Call& call : p.calls) {
      out += end_item();
      out += call_events(call);
    }
    return out;
  }

  std::string close(const Ending& ending) override {
    const std::string last = end_item();
    const bool cut = ending.why == Ending::Why::length || ending.why == Ending::Why::context;
    return last + event(cut ? "response.incomplete" : "response.completed", {{"response", finished(ending)}});
  }

  std::string failure(const Error& error) override {
    const Value response = frame("failed");
    response.set("error", Value::map({{"code", Value::string("server_error")}, {"message", Value::string(error.message)}}));
    return event("response.failed", {{"response", response}});
  }

  std::string whole(const Piece& all, const Ending& ending) override {
    Piece one = all;
    one.calls.clear();
    piece(one);
    end_item();
    for (const Call& call : all.calls) call_events(call);
    return text::to_json(finished(ending));
  }

 private:
  enum class Open { nothing, reasoning, message };
  using Entries = std::initializer_list<std::pair<std::string_view, Value>>;

  Value logprobs(const std::vector<TokenChances>& chances) const { return chances_wanted_ ? chances_list(*tokenizer_, chances) : Value::list(); }

  std::string event(std::string_view type, const Value& entries) {
    const Value out = Value::map({{"type", Value::string(type)}, {"sequence_number", Value::integer(sequence_++)}});
    for (const auto& entry : entries.as_map().entries) out.set(entry.key.as_text().view(), entry.value);
    return sse(type, out);
  }
  std::string event(std::string_view type, Entries entries) { return event(type, Value::map(entries)); }

  // Where in the answer something happens.
  Value place(Entries entries) const {
    const Value out = Value::map({{"item_id", Value::string(item_id_)}, {"output_index", Value::integer(index())}, {"content_index", Value::integer(0)}});
    for (const auto& [name, value] : entries) out.set(name, value);
    return out;
  }
  int64_t index() const { return static_cast<int64_t>(output_.as_list().items.size()); }

  Value part() const {
    if (open_ == Open::reasoning) return Value::map({{"type", Value::string("reasoning_text")}, {"text", Value::string(text_)}});
    return Value::map({{"type", Value::string("output_text")}, {"text", Value::string(text_)}, {"annotations", Value::list()}, {"logprobs", logprobs(chances_)}});
  }
  Value item(std::string_view status, const Value& content) const {
    const Value out = Value::map({{"id", Value::string(item_id_)}, {"type", Value::string(open_ == Open::reasoning ? "reasoning" : "message")}});
    if (open_ == Open::reasoning) {
      out.set("summary", Value::list());
    } else {
      out.set("role", Value::string("assistant"));
    }
    out.set("content", content);
    out.set("status", Value::string(status));
    return out;
  }

  std::string begin(Open what) {
    if (open_ == what) return "";
    std::string out = end_item();
    open_ = what;
    item_id_ = identifier(what == Open::reasoning ? "rs_" : "msg_");
    text_.clear();
    chances_.clear();
    out += event("response.output_item.added", {{"output_index", Value::integer(index())}, {"item", item("in_progress", Value::list())}});
    return out += event("response.content_part.added", place({{"part", part()}}));
  }

  std::string end_item() {
    if (open_ == Open::nothing) return "";
    const Value last_part = part(), last = item("completed", Value::list({last_part}));
    const bool reasoning = open_ == Open::reasoning;
    std::string out = reasoning ? event("response.reasoning_text.done", place({{"text", Value::string(text_)}}))
                                : event("response.output_text.done", place({{"text", Value::string(text_)}, {"logprobs", logprobs(chances_)}}));
    out += event("response.content_part.done", place({{"part", last_part}}));
    out += event("response.output_item.done", {{"output_index", Value::integer(index())}, {"item", last}});
    output_.push(last);
    open_ = Open::nothing;
    return out;
  }

  std::string call_events(const Call& call) {
    item_id_ = identifier("fc_");
    auto made = [&](std::string_view status, std::string_view arguments) {
      return Value::map({{"id", Value::string(item_id_)}, {"type", Value::string("function_call")}, {"call_id", Value::string(call.id)},
                         {"name", Value::string(call.name)}, {"arguments", Value::string(arguments)}, {"status", Value::string(status)}});
    };
    auto here = [&](std::string_view name, std::string_view value) {
      return Value::map({{"item_id", Value::string(item_id_)}, {"output_index", Value::integer(index())}, {name, Value::string(value)}});
    };
    const Value last = made("completed", call.arguments);
    std::string out = event("response.output_item.added", {{"output_index", Value::integer(index())}, {"item", made("in_progress", "")}});
    out += event("response.function_call_arguments.delta", here("delta", call.arguments));
    const Value done = here("arguments", call.arguments);
    done.set("name", Value::string(call.name));
    out += event("response.function_call_arguments.done", done);
    out += event("response.output_item.done", {{"output_index", Value::integer(index())}, {"item", last}});
    output_.push(last);
    return out;
  }

  Value frame(std::string_view status) const {
    return Value::map({{"id", Value::string(id_)}, {"object", Value::string("response")}, {"created_at", Value::integer(created_)},
                       {"status", Value::string(status)}, {"error", Value()}, {"incomplete_details", Value()}, {"model", Value::string(model_)},
                       {"output", output_}, {"usage", Value()}, {"store", Value::boolean(false)}, {"metadata", Value::map()}});
  }
  Value finished(const Ending& ending) const {
    const bool cut = ending.why == Ending::Why::length || ending.why == Ending::Why::context;
    const Value out = frame(cut ? "incomplete" : "completed");
    if (cut) out.set("incomplete_details", Value::map({{"reason", Value::string("max_output_tokens")}}));
    out.set("usage", usage_value(ending.usage));
    return out;
  }

  const text::Tokenizer* tokenizer_;
  const std::string model_, id_ = identifier("resp_");
  const int64_t created_ = std::time(nullptr);
  const bool chances_wanted_;
  int64_t sequence_ = 0;
  Value output_ = Value::list();  // items that are complete
  Open open_ = Open::nothing;
  std::string item_id_, text_;    // of the one that is open
  std::vector<TokenChances> chances_;
};

}  // namespace

std::shared_ptr<AnswerWriter> response_writer(const Writing& writing, const GenerationRequest& request) {
  return std::make_shared<ResponseWriter>(writing, request);
}

HttpResponse responses(Service& service, const HttpRequest& request, Peer& peer) {
  auto parsed = parse_responses(request.body);
  if (!parsed.ok()) return wire_error(Dialect::openai, http_error(parsed.error()));
  auto writer = response_writer(writing_for(service, *parsed), *parsed);
  return respond(service, std::move(parsed).value(), peer, Dialect::openai, std::move(writer));
}

}  // namespace sluice::serve
