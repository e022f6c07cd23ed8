// From what a user or a client asks for to a compiled grammar: the way into this folder for src/cli, src/serve and
// src/eval. Make a TokenTrie once a model; keep the compiled grammars of requests that come again.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "sluice/status.h"
#include "text/chat_template.h"
#include "text/grammar/compiled.h"
#include "text/grammar/token_trie.h"
#include "text/grammar/tool_grammar.h"
#include "text/tokenizer.h"

namespace sluice::text {

// About 10 MB and 0.2 s for 248k tokens. Errors: unsupported (the model has no token that ends a turn: an answer could
// not end).
Result<std::shared_ptr<const TokenTrie>> make_token_trie(const Tokenizer& tokenizer, std::span<const int32_t> stop_tokens);

struct AnswerOptions {
  bool compact = false;       // JSON without white space
  bool in_reasoning = false;  // the prompt ended inside <think>: what is asked for begins behind </think>
};

// Errors of all: corrupt and unsupported, naming the place; over_budget.
Result<std::shared_ptr<CompiledGrammar>> compile_schema(const std::shared_ptr<const TokenTrie>& trie, const Value& schema, const AnswerOptions& options);
Result<std::shared_ptr<CompiledGrammar>> compile_schema(const std::shared_ptr<const TokenTrie>& trie, std::string_view schema_json, const AnswerOptions& options);
Result<std::shared_ptr<CompiledGrammar>> compile_gbnf(const std::shared_ptr<const TokenTrie>& trie, std::string_view source, const AnswerOptions& options);
Result<std::shared_ptr<CompiledGrammar>> compile_tools(const std::shared_ptr<const TokenTrie>& trie, const Value& tools, const ToolGrammarOptions& options);

// How the model writes calls: as its template renders one. Errors: unsupported (neither form); those of rendering.
Result<ToolSyntax> tool_syntax_of(const ChatTemplate& chat_template);

// The prompt ends inside <think>.
bool ends_in_reasoning(std::string_view prompt);

}  // namespace sluice::text
