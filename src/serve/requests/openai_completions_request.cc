#include "serve/requests/openai_completions_request.h"

#include "serve/requests/fields.h"
#include "serve/requests/openai_fields.h"

namespace sluice::serve {
namespace {

using text::Value;

// One text, one list of token ids, or a list of one of these.
void read_prompt(Fields& f, GenerationRequest& r) {
  const Value* prompt = f.any("prompt");
  if (prompt != nullptr && prompt->is_list() && prompt->as_list().items.size() == 1 && !prompt->as_list().items[0].is_integral()) {
    prompt = &prompt->as_list().items[0];
  }
  if (prompt != nullptr && prompt->is_string()) {
    r.prompt = prompt->as_text().bytes();
    return;
  }
  if (prompt == nullptr || !prompt->is_list()) return f.wrong("prompt", "must be a text, or a list of token ids; one a request");
  for (const Value& item : prompt->as_list().items) {
    const bool id = item.is(Value::Kind::integer) && item.as_integer() >= 0 && item.as_integer() <= INT32_MAX;
    if (!id) return f.wrong("prompt", "must be a text, or a list of token ids; one a request", Code::unsupported);
    r.prompt_tokens.push_back(static_cast<int32_t>(item.as_integer()));
  }
}

}  // namespace

Result<GenerationRequest> parse_openai_completions(std::string_view body) {
  SLUICE_TRY(const Value parsed, parse_body(body));
  GenerationRequest r;
  r.body_bytes = body.size();
  Fields f(parsed);
  read_prompt(f, r);
  read_openai_sampling(f, r);
  r.max_tokens = f.integer("max_tokens", 0, INT64_MAX).value_or(16);  // OpenAI's default
  if (const auto top = f.integer("logprobs", 0, 20)) r.top_chances = static_cast<int32_t>(*top);
  r.echo = f.boolean("echo").value_or(false);
  if (r.echo && (r.top_chances || !r.prompt)) f.wrong("echo", "only with a prompt of text, and without logprobs", Code::unsupported);
  if (const auto best = f.integer("best_of", INT64_MIN, INT64_MAX); best && *best != 1) f.wrong("best_of", "only 1 answer is made", Code::unsupported);
  if (const auto suffix = f.string("suffix"); suffix && !suffix->empty()) f.wrong("suffix", "text cannot be filled in", Code::unsupported);
  SLUICE_TRY_VOID(f.finish());
  return r;
}

}  // namespace sluice::serve
