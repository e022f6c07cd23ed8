// Text from outside, made fit for an error message.
#pragma once

#include <string>
#include <string_view>

namespace sluice::text {

// `text` in double quotes on one line: at most its first 40 bytes (then "..."), control and non-ASCII bytes as \xNN.
std::string quote_text(std::string_view text);

// The same; prefer quote_text, as with a std::string argument this name may find std::quoted instead.
inline std::string quoted(std::string_view text) {
  return quote_text(text);
}

}  // namespace sluice::text
