#include <fmt/format.h>

#include <charconv>

#include "text/byte_map.h"
#include "text/quote.h"
#include "text/vocabulary.h"

namespace sluice::text {
namespace {

enum TokenType : int64_t { normal = 1, control = 3, user_defined = 4, unused = 5, byte = 6 };

Result<Pre> pre_named(std::string_view name) {
  if (name == "qwen2") return Pre::qwen2;
  if (name == "qwen35") return Pre::qwen35;
  return Error{Code::unsupported,
               fmt::format("tokenizer.ggml.pre is {}; supported are \"qwen2\" and \"qwen35\"", quote_text(name))};
}

// "<0x0A>" to the byte-level spelling of the byte 10; empty when `text` is not of that form.
std::string spelling_of_byte_token(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text.back() != '>') return {};
  uint8_t value = 0;
  const char* end = text.data() + 5;
  if (std::from_chars(text.data() + 3, end, value, 16).ptr != end) return {};
  const char c = static_cast<char>(value);
  return spell_bytes({&c, 1});
}

// Takes one token of another type than normal out of `vocabulary.tokens` or respells it.
Status place_token(Vocabulary& vocabulary, size_t id, int64_t type) {
  std::string& text = vocabulary.tokens[id];
  switch (type) {
    case control:
    case user_defined:
      if (type == control || text != fmt::format("[PAD{}]", id)) {
        vocabulary.added.push_back({static_cast<int32_t>(id), std::move(text), type == control});
      }
      text.clear();
      return {};
    case unused:
      text.clear();
      return {};
    case byte: {
      std::string spelling = spelling_of_byte_token(text);
      if (spelling.empty()) {
        return Error{Code::corrupt,
                     fmt::format("token {}: {} is of type byte, but not written as <0xNN>", id, quote_text(text))};
      }
      text = std::move(spelling);
      return {};
    }
    default:
      return Error{Code::unsupported, fmt::format("token {} {}: unknown token type {}", id, quote_text(text), type)};
  }
}

}  // namespace

Result<Vocabulary> vocabulary_from_gguf(std::vector<std::string> tokens, std::vector<int64_t> types,
                                        std::vector<std::string> merges, std::string pre) {
  Vocabulary vocabulary;
  SLUICE_TRY(vocabulary.pre, pre_named(pre));
  if (types.size() != tokens.size()) {
    return Error{Code::corrupt,
                 fmt::format("tokenizer.ggml.token_type has {} entries for {} tokens; convert the file again",
                             types.size(), tokens.size())};
  }
  if (tokens.size() > static_cast<size_t>(max_token_id) + 1) {
    return Error{Code::unsupported, fmt::format("tokenizer.ggml.tokens has {} entries; at most {} are supported",
                                                tokens.size(), max_token_id + 1)};
  }
  vocabulary.tokens = std::move(tokens);
  vocabulary.merges = std::move(merges);
  for (size_t id = 0; id < types.size(); ++id) {
    if (types[id] != normal) SLUICE_TRY_VOID(place_token(vocabulary, id, types[id]));
  }
  return vocabulary;
}

}  // namespace sluice::text
