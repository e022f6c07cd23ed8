// Constraints for answers: schemas and tools of requests compiled to grammars, those of recent requests kept.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "serve/requests/generation_request.h"
#include "sluice/constraint.h"
#include "sluice/engine.h"
#include "text/grammar/constraints.h"

namespace sluice::serve {

// Thread-safe; requests compile side by side, also where two of them compile the same.
class Grammars {
 public:
  // What the answer to this request must be; null: anything. Where calls are left to the model and nobody relies on their
  // schemas, a schema that cannot be compiled constrains nothing. Errors: unsupported, invalid, over_budget as `unsupported`,
  // naming the field.
  Result<std::shared_ptr<Constraint>> constraint(const Engine& engine, const GenerationRequest& request, bool in_reasoning);

 private:
  using Compiled = Result<std::shared_ptr<text::CompiledGrammar>>;
  Compiled compile(const Engine& engine, const GenerationRequest& request, bool in_reasoning);
  Result<std::shared_ptr<const text::TokenTrie>> trie(const Engine& engine);
  Result<text::ToolSyntax> syntax(const Engine& engine);
  std::shared_ptr<text::CompiledGrammar> kept(const std::string& key);       // null: none
  std::shared_ptr<text::CompiledGrammar> find(const std::string& key);       // REQUIRES: kept_mutex_ is held
  // What there is for this key from now on: another request may have been faster.
  std::shared_ptr<text::CompiledGrammar> keep(const std::string& key, std::shared_ptr<text::CompiledGrammar> compiled);

  std::mutex model_mutex_;  // of what is the model's
  std::shared_ptr<const text::TokenTrie> trie_;
  std::optional<text::ToolSyntax> syntax_;
  std::mutex kept_mutex_;
  std::list<std::pair<std::string, std::shared_ptr<text::CompiledGrammar>>> kept_;  // by what they were made of, latest first
};

}  // namespace sluice::serve
