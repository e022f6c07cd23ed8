#include "hub/name.h"

#include <algorithm>

namespace sluice::hub {
namespace {

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_part(std::string_view text) {
  return !text.empty() && text.size() <= 128 && letter_or_digit(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

std::optional<ModelName> parse_name(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const size_t colon = std::min(text.find(':', slash), text.size());
  const std::string_view owner = text.substr(0, slash), repo = text.substr(slash + 1, colon - slash - 1);
  const std::string_view tag = colon == text.size() ? "" : text.substr(colon + 1);
  if (!is_part(owner) || !is_part(repo) || (colon < text.size() && !is_part(tag))) return std::nullopt;
  return ModelName{std::string(owner), std::string(repo), std::string(tag)};
}

}  // namespace sluice::hub
