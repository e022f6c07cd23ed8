#include "text/grammar/token_split.h"

#include <algorithm>

#include "text/utf8.h"

namespace sluice::text {
namespace {

// Bytes of the whole plain characters at the front.
size_t plain_prefix(std::string_view text, const ByteSet& ascii) {
  const auto stray = std::find_if(text.begin(), text.end(), [&](char c) { return static_cast<uint8_t>(c) < 0x80 && !ascii.has(static_cast<uint8_t>(c)); });
  return utf8_valid_prefix(text.substr(0, static_cast<size_t>(stray - text.begin())));
}

}  // namespace

std::vector<TrieNode> make_trie(std::span<const TokenText> texts) {
  std::vector<TrieNode> nodes = {{0, -1, 0, 0, 0}};
  std::vector<uint32_t> path = {0};  // nodes from the root to the last one made
  const auto leave = [&](size_t depth) {
    for (; path.size() > depth; path.pop_back()) {
      TrieNode& node = nodes[path.back()];
      node.end = static_cast<uint32_t>(nodes.size());
      if (path.size() > 1) nodes[path[path.size() - 2]].reach = std::max(nodes[path[path.size() - 2]].reach, node.reach);
    }
  };
  std::string_view last;
  for (const auto& [text, token] : texts) {
    if (text == last) continue;
    const auto shared = static_cast<size_t>(std::mismatch(text.begin(), text.end(), last.begin(), last.end()).first - text.begin());
    leave(shared + 1);
    for (size_t i = shared; i < text.size(); ++i) {
      path.push_back(static_cast<uint32_t>(nodes.size()));
      nodes.push_back({0, -1, static_cast<uint16_t>(i + 1), static_cast<uint8_t>(text[i]), 0});
    }
    nodes.back().token = token;
    nodes.back().reach = static_cast<uint8_t>(std::min<size_t>(text.size(), TrieNode::kFar));
    last = text;
  }
  leave(0);
  return nodes;
}

TokenSplit::TokenSplit(std::span<const TokenText> texts, const ByteSet& plain_ascii, size_t mask_words) : ascii(plain_ascii), plain(mask_words) {
  struct Lead {
    std::string_view rest;
    Led token;
  };
  std::vector<TokenText> others;
  std::vector<Lead> leads;
  for (const TokenText& text : texts) {
    const size_t size = plain_prefix(text.bytes, ascii);
    if (size == text.bytes.size()) {
      set_bit(plain, text.token);
    } else if (size == 0) {
      others.push_back(text);
    } else {
      leads.push_back({text.bytes.substr(size), {text.token, static_cast<uint8_t>(text.bytes[0]), false}});
    }
  }
  bare = make_trie(others);
  std::sort(leads.begin(), leads.end(), [](const Lead& a, const Lead& b) { return a.rest < b.rest; });
  std::vector<TokenText> starts;
  for (size_t i = 0; i < leads.size(); ++i) {
    if (i == 0 || leads[i].rest != leads[i - 1].rest) starts.push_back({leads[i].rest, static_cast<int32_t>(i)});
    leads[i].token.last = i + 1 == leads.size() || leads[i].rest != leads[i + 1].rest;
    led.push_back(leads[i].token);
  }
  rests = make_trie(starts);
}

}  // namespace sluice::text
