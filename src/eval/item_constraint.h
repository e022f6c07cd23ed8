// What an evaluation item's answer may look like under --constrain.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "eval/items.h"
#include "sluice/engine.h"
#include "text/grammar/constraints.h"

namespace sluice::eval {

class ItemConstraints {
 public:
  // Errors: unsupported (no tokenizer, no end of a turn, calls in a form that cannot be constrained).
  static Result<ItemConstraints> of(const Engine& engine);

  // For one answer; null for tasks without a form. Compiled grammars are kept: items share tools.
  Result<std::shared_ptr<Constraint>> make(const Item& item);

 private:
  ItemConstraints(std::shared_ptr<const text::TokenTrie> trie, text::ToolSyntax syntax) : trie_(std::move(trie)), syntax_(syntax) {}
  Result<std::shared_ptr<text::CompiledGrammar>> compile(const Item& item) const;

  std::shared_ptr<const text::TokenTrie> trie_;
  text::ToolSyntax syntax_;
  std::map<std::string, std::shared_ptr<text::CompiledGrammar>> compiled_;  // by tools or schema
};

}  // namespace sluice::eval
