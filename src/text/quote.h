// Text from outside, made fit for an error message.
#pragma once

#include <string>
#include <string_view>

namespace sluice::text {

// `text` in double quotes on one line: at most its first 40 bytes (then "..."), control and non-ASCII bytes as \xNN.
std::string quote_text(std::string_view text);

}  // namespace sluice::text
