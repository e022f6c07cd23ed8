// What the model's files say about text: tokenizer, chat template, stop tokens, recommended sampling.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/options.h"
#include "store/model_files.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace sluice::runtime {

struct Vocabulary {
  std::unique_ptr<const text::Tokenizer> tokenizer;     // null: the model has none
  std::optional<text::ChatTemplate> chat_template;
  std::string template_error;                           // why there is none, where the model's cannot be read
  std::vector<int32_t> stop_tokens;
  SamplingOptions recommended;
};

// Takes the token lists out of `files.metadata`: they are large and of no further use there.
// Errors: corrupt or unsupported tokenizer or template, naming the file.
Result<Vocabulary> load_vocabulary(store::ModelFiles& files);

}  // namespace sluice::runtime
