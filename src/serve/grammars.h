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

// Thread-safe; requests that must compile wait for one another.
class Grammars {
 public:
  // What the answer to this request must be; null: anything. Where calls are left to the model and nobody relies on their
  // schemas, a schema that cannot be compiled constrains nothing. Errors: unsupported, invalid, over_budget as `unsupported`,
  // naming the field.
  Result<std::shared_ptr<Constraint>> constraint(const Engine& engine, const GenerationRequest& request, bool in_reasoning);

 private:
  using Compiled = Result<std::shared_ptr<text::CompiledGrammar>>;
  Compiled compile(const Engine& engine, const GenerationRequest& request, bool in_reasoning);

  std::mutex mutex_;
  std::shared_ptr<const text::TokenTrie> trie_;
  std::optional<text::ToolSyntax> syntax_;
  std::list<std::pair<std::string, std::shared_ptr<text::CompiledGrammar>>> kept_;  // by what they were made of, latest first
};

}  // namespace sluice::serve
