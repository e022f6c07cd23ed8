// Which tokens may come next in a state of an automaton: a walk of the vocabulary's trie along the automaton, kept by
// state. What makes walks rare and short:
//   - Repeats that are counted further than the longest token looks are one state here (canonical()).
//   - Where a stack's next byte may be nearly anything (inside a string), its upper part is walked once for all states, and
//     only by what is not plain (token_parts.h).
//   - States are shared by everybody who uses the same compiled grammar (compiled.h).
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "text/grammar/automaton.h"
#include "text/grammar/token_parts.h"
#include "text/grammar/token_trie.h"
#include "text/grammar/token_walk.h"

namespace sluice::text {

class TokenMasks {
 public:
  using Mask = TokenMask;

  TokenMasks(std::shared_ptr<const CheckedGrammar> grammar, std::shared_ptr<const TokenTrie> trie);
  TokenMasks(const TokenMasks&) = delete;

  Automaton& automaton() { return automaton_; }
  const TokenTrie& trie() const { return *trie_; }

  // Valid until the next call. Check automaton().spoilt() afterwards.
  const Mask& mask(StateId state);
  // Sets, in cleared bits, the tokens that leave a shortest rest of at most `most` bytes. Never kept: the trie is walked.
  void mask_within(StateId state, int32_t most, std::span<uint64_t> bits);
  // The state after a token, Automaton::dead where it does not fit.
  StateId step(StateId state, std::string_view bytes) { return walk_.along(bytes, state); }

 private:
  CellId canonical(CellId cell);
  StateId canonical_state(StateId state);
  Mask build(StateId state);
  void add_longer(StateId state, size_t counted, Mask& mask);

  std::shared_ptr<const TokenTrie> trie_;
  Automaton automaton_;
  TokenWalk walk_;
  TokenParts parts_;
  std::unordered_map<StateId, Mask> masks_;  // by canonical state
  std::unordered_map<CellId, CellId> canonical_;
  std::unordered_map<StateId, StateId> canonical_states_;
};

}  // namespace sluice::text
