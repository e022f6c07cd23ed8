// Tries of byte strings, and a vocabulary taken apart by which characters count as plain.
//
// A state that plain characters lead back to itself takes the plain tokens all at once. Of a token that only begins plain it
// needs to look at the rest alone, and thousands of tokens share a few rests (the line break of "word\n"). So what is walked
// are the rests and the tokens that begin with something else: a tenth of the trie's nodes, or a fiftieth.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/grammar/byte_set.h"

namespace sluice::text {

// In preorder: a walk goes through the array from left to right and jumps over what lies under a node that does not fit.
struct TrieNode {
  uint32_t end;    // index behind the last node under this one
  int32_t token;   // whose bytes end here; -1: none
  uint16_t depth;  // bytes from the root, which has none
  uint8_t byte;
  uint8_t reach;   // bytes of the longest string here or under this one; kFar: that many or more
  static constexpr uint8_t kFar = 255;
};

struct TokenText {
  std::string_view bytes;
  int32_t token;
};

// REQUIRES: sorted by bytes, none of them empty. Of equal ones the first is taken.
std::vector<TrieNode> make_trie(std::span<const TokenText> texts);

struct TokenSplit {
  struct Led {
    int32_t token;
    uint8_t first;  // its first byte
    bool last;      // of those with the same rest
  };

  // A token is plain if it is made of whole characters, those of ASCII among `ascii`. REQUIRES: sorted, no two equal.
  TokenSplit(std::span<const TokenText> texts, const ByteSet& ascii, size_t mask_words);

  ByteSet ascii;
  std::vector<uint64_t> plain;  // a mask of the plain tokens
  std::vector<TrieNode> bare;   // a trie of the tokens that begin with no plain character
  std::vector<TrieNode> rests;  // of what the others have behind their plain beginning; `token`: where they start in `led`
  std::vector<Led> led;         // the tokens with a plain beginning and a rest, by rest
};

inline bool has_bit(std::span<const uint64_t> bits, int32_t i) {
  return (bits[static_cast<size_t>(i) / 64] >> (static_cast<uint32_t>(i) % 64) & 1) != 0;
}
inline void set_bit(std::span<uint64_t> bits, int32_t i) {
  bits[static_cast<size_t>(i) / 64] |= uint64_t{1} << (static_cast<uint32_t>(i) % 64);
}
inline void clear_bit(std::span<uint64_t> bits, int32_t i) {
  bits[static_cast<size_t>(i) / 64] &= ~(uint64_t{1} << (static_cast<uint32_t>(i) % 64));
}

}  // namespace sluice::text
