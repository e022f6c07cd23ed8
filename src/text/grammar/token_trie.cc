#include "text/grammar/token_trie.h"

#include <algorithm>

namespace sluice::text {

TokenTrie::TokenTrie(const Tokenizer& tokenizer, std::span<const int32_t> stop_tokens,
                     std::span<const std::string_view> marks)
    : kinds_(static_cast<size_t>(tokenizer.size()), Kind::none) {
  std::vector<int32_t> tokens;
  start_.reserve(kinds_.size() + 1);
  for (int32_t id = 0; id < tokenizer.size(); ++id) {
    const std::string_view text = tokenizer.bytes(id);
    start_.push_back(static_cast<uint32_t>(arena_.size()));
    arena_.insert(arena_.end(), text.begin(), text.end());
    Kind& kind = kinds_[static_cast<size_t>(id)];
    if (std::find(stop_tokens.begin(), stop_tokens.end(), id) != stop_tokens.end()) {
      kind = Kind::stop;
      stops_.push_back(id);
    } else if (tokenizer.is_special(id) && std::find(marks.begin(), marks.end(), text) == marks.end()) {
      kind = Kind::loose;
      loose_.push_back(id);
    } else if (!text.empty()) {
      kind = Kind::text;
      tokens.push_back(id);
    }
  }
  start_.push_back(static_cast<uint32_t>(arena_.size()));
  arrange(tokens);
  by_length_ = std::move(tokens);
  std::stable_sort(by_length_.begin(), by_length_.end(), [&](int32_t a, int32_t b) { return bytes(a).size() > bytes(b).size(); });
}

void TokenTrie::arrange(std::span<const int32_t> tokens) {
  texts_ = tokens.size();
  all_.resize(words());
  std::vector<TokenText> texts;
  for (int32_t token : tokens) {
    set_bit(all_, token);
    longest_ = std::max(longest_, bytes(token).size());
    texts.push_back({bytes(token), token});
  }
  std::sort(texts.begin(), texts.end(), [](const TokenText& a, const TokenText& b) {
    const int order = a.bytes.compare(b.bytes);
    return order != 0 ? order < 0 : a.token < b.token;
  });
  for (size_t i = 1; i < texts.size(); ++i) {
    if (texts[i].bytes == texts[i - 1].bytes) twins_.push_back({texts[i - 1].token, texts[i].token});
  }
  texts.erase(std::unique(texts.begin(), texts.end(), [](const TokenText& a, const TokenText& b) { return a.bytes == b.bytes; }), texts.end());
  nodes_ = make_trie(texts);
  // Text between tags and in front of a tool call leaves its loop at '<' or a line break; strings in JSON at what JSON gives a meaning.
  splits_.emplace_back(texts, ByteSet::range(0, 0x7f).without(ByteSet::of("<\n")), words());
  splits_.emplace_back(texts, ByteSet::range(0x20, 0x7e).without(ByteSet::of("\"\\<")), words());
}

std::string_view TokenTrie::bytes(int32_t token) const {
  const auto i = static_cast<size_t>(token);
  return std::string_view(arena_.data(), arena_.size()).substr(start_[i], start_[i + 1] - start_[i]);
}

void TokenTrie::clear_longer(std::span<uint64_t> bits, size_t most) const {
  for (int32_t token : by_length_) {
    if (bytes(token).size() <= most) return;
    clear_bit(bits, token);
  }
}

void TokenTrie::add_twins(std::span<uint64_t> bits) const {
  for (const Twin& twin : twins_) {
    if (has_bit(bits, twin.first)) set_bit(bits, twin.second);
  }
}

}  // namespace sluice::text
