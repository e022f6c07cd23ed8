#include "text/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "text/quote.h"

namespace sluice::text {

Result<AddedTokens> AddedTokens::create(std::vector<AddedToken> tokens) {
  AddedTokens out;
  out.tokens_ = std::move(tokens);
  std::sort(out.tokens_.begin(), out.tokens_.end(), [](const auto& a, const auto& b) { return a.text < b.text; });
  const AddedToken* before = nullptr;
  for (const AddedToken& token : out.tokens_) {
    if (token.text.empty()) return Error{Code::corrupt, fmt::format("added token {}: its text is empty", token.id)};
    if (token.text.size() > max_added_text) {
      return Error{Code::unsupported, fmt::format("added token {} {}: {} bytes of text; at most {} are supported",
                                                  token.id, quote_text(token.text), token.text.size(), max_added_text)};
    }
    if (before && before->text == token.text) {
      return Error{Code::corrupt, fmt::format("added token {}: ids {} and {} both claim it", quote_text(token.text),
                                              before->id, token.id)};
    }
    before = &token;
    out.begins_[static_cast<uint8_t>(token.text[0])] = true;
  }
  return out;
}

std::optional<AddedTokens::Match> AddedTokens::find(std::string_view text, size_t from) const {
  for (size_t i = from; i < text.size(); ++i) {
    if (!begins_[static_cast<uint8_t>(text[i])]) continue;
    if (const auto match = longest_at(text, i)) return match;
  }
  return std::nullopt;
}

// Narrows the sorted texts byte by byte to those that agree with `text`; the shortest of them comes first, so a full
// match is always at the front of the range.
std::optional<AddedTokens::Match> AddedTokens::longest_at(std::string_view text, size_t begin) const {
  struct ByByte {
    size_t depth;
    bool operator()(const AddedToken& t, uint8_t b) const { return static_cast<uint8_t>(t.text[depth]) < b; }
    bool operator()(uint8_t b, const AddedToken& t) const { return b < static_cast<uint8_t>(t.text[depth]); }
  };
  std::optional<Match> longest;
  auto low = tokens_.begin();
  auto high = tokens_.end();
  for (size_t depth = 0; begin + depth < text.size(); ++depth) {
    if (low != high && low->text.size() == depth) ++low;
    std::tie(low, high) = std::equal_range(low, high, static_cast<uint8_t>(text[begin + depth]), ByByte{depth});
    if (low == high) break;
    if (low->text.size() == depth + 1) longest = Match{begin, depth + 1, low->id};
  }
  return longest;
}

std::optional<int32_t> AddedTokens::id_of(std::string_view text) const {
  const auto at =
      std::lower_bound(tokens_.begin(), tokens_.end(), text,
                       [](const AddedToken& token, std::string_view wanted) { return token.text < wanted; });
  if (at == tokens_.end() || at->text != text) return std::nullopt;
  return at->id;
}

}  // namespace sluice::text
