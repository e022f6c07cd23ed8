// Token ids back to text, one at a time, for one stream. Tokens may end inside a character; what comes out never does.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "text/tokenizer.h"

namespace sluice::text {

// Borrows its tokenizer. One thread. The joined output equals decoding the joined bytes of all tokens with every
// maximal ill-formed part replaced by one U+FFFD (Python: bytes.decode("utf-8", errors="replace")).
class Detokenizer {
 public:
  struct Options {
    bool skip_special = false;  // drop tokens that is_special(); other added tokens stay visible
  };

  explicit Detokenizer(const Tokenizer& tokenizer) : Detokenizer(tokenizer, Options()) {}
  Detokenizer(const Tokenizer& tokenizer, Options options) : tokenizer_(tokenizer), options_(options) {}

  // The text that this token completes; often empty or less than the token. Unused ids add nothing.
  std::string push(int32_t id);

  // The rest: U+FFFD for a character that was begun, else nothing. The stream may start anew afterwards.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  Options options_;
  std::string pending_;  // the beginning of a character: at most 3 bytes between calls
};

// All of a stream's text.
std::string decode(const Tokenizer& tokenizer, std::span<const int32_t> ids);

}  // namespace sluice::text
