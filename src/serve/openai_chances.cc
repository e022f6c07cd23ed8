#include "serve/openai_chances.h"

#include <algorithm>

#include "text/detokenizer.h"

namespace sluice::serve {

using text::Value;

namespace {

Value entry(const text::Tokenizer& tokenizer, int32_t token, float logprob) {
  Value bytes = Value::list();
  for (const char byte : tokenizer.bytes(token)) bytes.push(Value::integer(static_cast<unsigned char>(byte)));
  return Value::map({{"token", Value::string(token_text(tokenizer, token))}, {"logprob", Value::real(std::max(logprob, -9999.0f))}, {"bytes", bytes}});
}

}  // namespace

std::string token_text(const text::Tokenizer& tokenizer, int32_t token) {
  text::Detokenizer one(tokenizer);
  std::string out = one.push(token);
  return out + one.finish();
}

Value chances_list(const text::Tokenizer& tokenizer, std::span<const TokenChances> chances) {
  Value out = Value::list();
  for (const TokenChances& c : chances) {
    Value top = Value::list();
    for (const auto& [token, logprob] : c.top) top.push(entry(tokenizer, token, logprob));
    Value one = entry(tokenizer, c.token, c.logprob);
    one.set("top_logprobs", top);
    out.push(one);
  }
  return out;
}

}  // namespace sluice::serve
