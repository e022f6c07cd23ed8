// A grammar ready for use with one vocabulary, and the constraint of one generation made from it.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "sluice/constraint.h"
#include "text/grammar/checked.h"
#include "text/grammar/token_trie.h"

namespace sluice::text {

class TokenMasks;

// Shared by any number of generations, on any threads: what one of them finds out about states and masks serves all.
// Memory: up to about 160 MB where answers reach very many states (96 MB of those, 32 MB of masks, 32 MB of parts of masks), a
// few MB as a rule. Work: an answer may do so much at once and so much for each of its tokens (compiled.cc), about half a
// second and 20 ms: what needs more is an error of that answer.
class CompiledGrammar : public std::enable_shared_from_this<CompiledGrammar> {
 public:
  static Result<std::shared_ptr<CompiledGrammar>> make(Grammar grammar, RuleId root, std::shared_ptr<const TokenTrie> trie);
  ~CompiledGrammar();

  // For one answer. The compiled grammar lives as long as any of its constraints.
  std::shared_ptr<Constraint> constraint();

  const CheckedGrammar& grammar() const { return *grammar_; }

 private:
  friend class GrammarConstraint;
  CompiledGrammar(std::shared_ptr<const CheckedGrammar> grammar, std::shared_ptr<const TokenTrie> trie);
  // Those to go on with: fresh ones where the latest are spoilt. REQUIRES: mutex_ is held.
  const std::shared_ptr<TokenMasks>& sound_masks();

  std::shared_ptr<const CheckedGrammar> grammar_;
  std::shared_ptr<const TokenTrie> trie_;
  std::mutex mutex_;                   // of everything in masks_, also where a constraint still holds an earlier one
  std::shared_ptr<TokenMasks> masks_;  // replaced by fresh ones when spoilt (automaton.h)
};

}  // namespace sluice::text
