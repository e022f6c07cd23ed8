// A run of text with its origin. Rendering a chat template yields a list of these, the tokenizer reads them; the
// difference is what keeps a user's "<|im_start|>" from becoming a control token.
#pragma once

#include <string>

namespace sluice::text {

struct Segment {
  std::string text;  // UTF-8, complete characters
  bool markup;       // true: from the template, may become added tokens; false: content, never does
};

}  // namespace sluice::text
