#include "text/quote.h"

#include <fmt/format.h>

namespace sluice::text {

std::string quote_text(std::string_view text) {
  constexpr size_t longest = 40;
  std::string out = "\"";
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += text.size() > longest ? "\"..." : "\"";
  return out;
}

}  // namespace sluice::text
