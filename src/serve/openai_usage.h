// Token counts in the form of OpenAI's chat and completions.
#pragma once

#include "serve/answer_writer.h"
#include "text/value.h"

namespace sluice::serve {

inline text::Value openai_usage(const Usage& u) {
  using text::Value;
  return Value::map({{"prompt_tokens", Value::integer(u.prompt)},
                     {"completion_tokens", Value::integer(u.completion)},
                     {"total_tokens", Value::integer(u.prompt + u.completion)},
                     {"prompt_tokens_details", Value::map({{"cached_tokens", Value::integer(u.cached)}})},
                     {"completion_tokens_details", Value::map({{"reasoning_tokens", Value::integer(u.reasoning)}})}});
}

}  // namespace sluice::serve
