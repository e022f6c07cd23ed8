// Reading UTF-8 that may be wrong. Well-formed is Unicode table 3-7: no overlong forms, no surrogates, at most
// U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::text {

struct Utf8Step {
  enum Kind { complete, truncated, malformed };
  Kind kind;
  uint32_t size;        // bytes it covers, >= 1: the character, or the maximal subpart that U+FFFD replaces
  char32_t code_point;  // for `complete` only
};

// The character at the front of `text`. truncated: all of `text` is the beginning of a character that more bytes
// could complete. REQUIRES: text is not empty.
Utf8Step utf8_step(std::string_view text);

// Offset of the first byte that belongs to no well-formed character, or text.size() when there is none.
size_t utf8_valid_prefix(std::string_view text);

// Length of the leading run of ASCII bytes.
size_t ascii_prefix(std::string_view text);

// Appends one character. REQUIRES: code_point is a Unicode scalar value.
void append_utf8(char32_t code_point, std::string& out);

}  // namespace sluice::text
