// The masks of the parts of stacks that lie above a call, each walked once for all states that have it on top. Tokens that
// may leave such a part are finished by what lies below. A count that has more left than a token has bytes is no count for it:
// the part is walked as if it were endless.
//
// Where plain characters all lead to one state and from there back to it, all plain tokens are taken at once, but for those
// that begin with one of a few bytes that lead elsewhere; of the others only what is not plain is walked (token_split.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "text/grammar/automaton.h"
#include "text/grammar/token_trie.h"
#include "text/grammar/token_walk.h"

namespace sluice::text {

struct TokenMask {
  std::vector<uint64_t> bits;  // [trie.words()]; without stop and control tokens
  int32_t worst = 0;           // no token leaves a shortest rest longer than this
  bool all = false;            // every token of Kind::text is set
};

class TokenParts {
 public:
  TokenParts(Automaton& automaton, const TokenTrie& trie, TokenWalk& walk) : automaton_(automaton), trie_(trie), walk_(walk) {}

  // The call, or else the end, that is nearest to a stack's top.
  CellId first_call(CellId top) const;
  // Adds the tokens, without twins, that stacks with these tops take, all above the call `below`. Returns the most bytes of tokens for
  // which that is exact; longer ones are to be looked at in context.
  size_t add(std::span<const CellId> tops, CellId below, TokenMask& mask);

 private:
  enum class Tries : uint8_t { all, bare, rests };
  struct Exit {
    Tries in;
    uint32_t node;
  };
  struct Part {
    TokenMask mask;                     // worst: to the hole
    std::vector<Exit> exits;            // where it may have ended
    const TokenSplit* split = nullptr;  // whose plain tokens were taken at once; none: all were walked
    ByteSet apart;                      // plain tokens that begin with these were walked
    bool leaves = false;                // it may have ended behind any plain character
  };
  CellId on_hole(CellId top, size_t& counted);
  const Part& part(StateId state);
  StateId find_loop(StateId state, Part& part);
  void take_plain(Part& part) const;
  bool goes_on_plain(StateId state, const TokenSplit& split) const;
  void take(const Part& part, Tries in, int32_t token, std::span<uint64_t> bits) const;
  void add_led(StateId state, const TokenSplit& split, TokenMask& mask);
  std::span<const TrieNode> nodes(const Part& part, Tries in) const;

  Automaton& automaton_;
  const TokenTrie& trie_;
  TokenWalk& walk_;
  std::unordered_map<StateId, Part> parts_;                          // by state on a hole
  std::unordered_map<StateId, std::optional<ByteSet>> loop_leaves_;  // what leads from a state elsewhere than back to it
};

}  // namespace sluice::text
