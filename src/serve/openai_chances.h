// Log probabilities in OpenAI's forms.
#pragma once

#include <span>

#include "sluice/options.h"
#include "text/tokenizer.h"
#include "text/value.h"

namespace sluice::serve {

// A token as text; what is no whole character is U+FFFD, and `bytes` says more.
std::string token_text(const text::Tokenizer& tokenizer, int32_t token);
// [{token, logprob, bytes, top_logprobs: [...]}]
text::Value chances_list(const text::Tokenizer& tokenizer, std::span<const TokenChances> chances);

}  // namespace sluice::serve
