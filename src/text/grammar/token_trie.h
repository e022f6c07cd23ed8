// The bytes of a vocabulary's tokens as a trie, and apart by what is plain in them (token_split.h). Immutable once made;
// 12 bytes a node, about 700k nodes for 248k tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "text/grammar/token_split.h"
#include "text/tokenizer.h"

namespace sluice::text {

class TokenTrie {
 public:
  enum class Kind : uint8_t { none, text, loose, stop };  // no bytes; in the trie; a control token; ends a turn

  // Tokens with bytes are in the trie but for the stop tokens and control tokens; control tokens that stand for one of
  // `marks` (such as "<tool_call>") are in it too.
  TokenTrie(const Tokenizer& tokenizer, std::span<const int32_t> stop_tokens, std::span<const std::string_view> marks);

  std::span<const TrieNode> nodes() const { return nodes_; }
  // Without twins. The first one has the fewest nodes; what it calls plain is wider than what the next one does.
  std::span<const TokenSplit> splits() const { return splits_; }
  // Clears the bits of tokens of more than `most` bytes.
  void clear_longer(std::span<uint64_t> bits, size_t most) const;
  int32_t size() const { return static_cast<int32_t>(kinds_.size()); }  // of the vocabulary
  size_t words() const { return (kinds_.size() + 63) / 64; }            // of a mask
  size_t longest() const { return longest_; }                           // token, in bytes
  std::string_view bytes(int32_t token) const;                          // REQUIRES: kind(token) == Kind::text
  Kind kind(int32_t token) const {
    return token >= 0 && token < size() ? kinds_[static_cast<size_t>(token)] : Kind::none;
  }
  std::span<const int32_t> stops() const { return stops_; }
  std::span<const int32_t> loose() const { return loose_; }
  size_t texts() const { return texts_; }                 // tokens of Kind::text
  std::span<const uint64_t> all() const { return all_; }  // a mask of them

  // Sets the bits of tokens whose bytes are those of one that is set.
  void add_twins(std::span<uint64_t> bits) const;

 private:
  void arrange(std::span<const int32_t> tokens);

  std::vector<TrieNode> nodes_;
  std::vector<TokenSplit> splits_;
  std::vector<int32_t> by_length_;  // tokens of Kind::text, the longest first
  std::vector<Kind> kinds_;      // by token
  std::vector<char> arena_;      // the bytes of all tokens
  std::vector<uint32_t> start_;  // of each token's
  std::vector<int32_t> stops_, loose_;
  struct Twin {
    int32_t first, second;
  };
  std::vector<Twin> twins_;
  std::vector<uint64_t> all_;
  size_t longest_ = 0, texts_ = 0;
};

}  // namespace sluice::text
