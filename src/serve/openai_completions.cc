// POST /v1/completions: a prompt is continued as it is, without the chat template.
#include <algorithm>
#include <ctime>

#include "serve/identifier.h"
#include "serve/openai_chances.h"
#include "serve/requests/openai_completions_request.h"
#include "serve/openai_usage.h"
#include "serve/respond.h"
#include "serve/routes.h"
#include "serve/sse.h"
#include "serve/writers.h"

namespace sluice::serve {
namespace {

using text::Value;

std::string_view reason_of(const Ending& ending) {
  return ending.why == Ending::Why::length || ending.why == Ending::Why::context ? "length" : "stop";
}

class CompletionWriter : public AnswerWriter {
 public:
  CompletionWriter(const Writing& w, const GenerationRequest& r)
      : tokenizer_(w.tokenizer), model_(w.model), usage_wanted_(r.include_usage), chances_wanted_(r.top_chances.has_value()),
        echo_(r.echo && r.prompt ? *r.prompt : "") {}

  std::string open(const Usage&) override { return echo_.empty() ? "" : sse(frame(echo_, {}, Value())); }
  std::string piece(const Piece& p) override { return sse(frame(p.content, p.chances, Value())); }
  std::string close(const Ending& ending) override {
    std::string out = sse(frame("", {}, Value::string(reason_of(ending))));
    if (usage_wanted_) {
      const Value last = frame("", {}, Value());
      last.set("choices", Value::list());
      last.set("usage", openai_usage(ending.usage));
      out += sse(last);
    }
    return out + std::string(kSseDone);
  }
  std::string failure(const Error& error) override { return sse(error_json(Dialect::openai, http_error(error))) + std::string(kSseDone); }
  std::string whole(const Piece& all, const Ending& ending) override {
    const Value out = frame(echo_ + all.content, all.chances, Value::string(reason_of(ending)));
    out.set("usage", openai_usage(ending.usage));
    return text::to_json(out);
  }

 private:
  // The old form: parallel lists. The offsets count characters of the answer.
  Value logprobs(const std::vector<TokenChances>& chances) {
    if (!chances_wanted_) return Value();
    const Value tokens = Value::list(), values = Value::list(), tops = Value::list(), offsets = Value::list();
    for (const TokenChances& c : chances) {
      const std::string word = token_text(*tokenizer_, c.token);
      tokens.push(Value::string(word));
      values.push(Value::real(std::max(c.logprob, -9999.0f)));
      const Value top = Value::map();
      for (const auto& [token, logprob] : c.top) top.set(token_text(*tokenizer_, token), Value::real(std::max(logprob, -9999.0f)));
      tops.push(top);
      offsets.push(Value::integer(offset_));
      for (const char byte : word) offset_ += (static_cast<unsigned char>(byte) & 0xc0) != 0x80 ? 1 : 0;
    }
    return Value::map({{"tokens", tokens}, {"token_logprobs", values}, {"top_logprobs", tops}, {"text_offset", offsets}});
  }

  Value frame(std::string_view words, const std::vector<TokenChances>& chances, const Value& reason) {
    const Value choice = Value::map({{"index", Value::integer(0)}, {"text", Value::string(words)}, {"logprobs", logprobs(chances)}, {"finish_reason", reason}});
    return Value::map({{"id", Value::string(id_)}, {"object", Value::string("text_completion")}, {"created", Value::integer(created_)},
                       {"model", Value::string(model_)}, {"choices", Value::list({choice})}});
  }

  const text::Tokenizer* tokenizer_;
  const std::string model_, id_ = identifier("cmpl-");
  const int64_t created_ = std::time(nullptr);
  const bool usage_wanted_, chances_wanted_;
  const std::string echo_;
  int64_t offset_ = 0;
};

}  // namespace

std::shared_ptr<AnswerWriter> completion_writer(const Writing& writing, const GenerationRequest& request) {
  return std::make_shared<CompletionWriter>(writing, request);
}

HttpResponse openai_completions(Service& service, const HttpRequest& request, Peer& peer) {
  auto parsed = parse_openai_completions(request.body);
  if (!parsed.ok()) return wire_error(Dialect::openai, http_error(parsed.error()));
  auto writer = completion_writer(writing_for(service, *parsed), *parsed);
  return respond(service, std::move(parsed).value(), peer, Dialect::openai, std::move(writer));
}

}  // namespace sluice::serve
