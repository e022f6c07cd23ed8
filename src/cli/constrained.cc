#include "cli/constrained.h"

#include <fmt/format.h>

#include "cli/input.h"
#include "cli/report.h"
#include "text/grammar/constraints.h"

namespace sluice::cli {
namespace {

// The text that a prompt's tokens stand for.
std::string text_of(std::span<const int32_t> tokens, const text::Tokenizer& tokenizer) {
  std::string out;
  for (int32_t token : tokens) out += tokenizer.bytes(token);
  return out;
}

text::ToolChoice choice_of(const std::string& name) {
  using text::ToolChoice;
  if (name.empty() || name == "auto") return {ToolChoice::automatic, ""};
  if (name == "none") return {ToolChoice::none, ""};
  if (name == "required") return {ToolChoice::required, ""};
  return {ToolChoice::named, name};
}

Result<std::shared_ptr<text::CompiledGrammar>> compile(const ConstraintOptions& o, const Prompt& prompt, bool in_reasoning, const Engine& engine,
                                                       const std::shared_ptr<const text::TokenTrie>& trie) {
  const text::AnswerOptions answer{.in_reasoning = in_reasoning};
  if (!o.schema_file.empty()) return text::compile_schema(trie, o.schema, answer);
  if (!o.grammar_file.empty()) return text::compile_gbnf(trie, o.grammar, answer);
  SLUICE_TRY(const text::ToolSyntax syntax, text::tool_syntax_of(*engine.chat_template()));
  return text::compile_tools(trie, prompt.tools, {.syntax = syntax, .choice = choice_of(o.tool_choice), .in_reasoning = in_reasoning});
}

}  // namespace

void add_constraint(Arguments& a, ConstraintOptions& o) {
  a.option("--grammar", "FILE", text(o.grammar_file), "the answer fits this grammar (GBNF, rule root)");
  a.option("--schema", "FILE", text(o.schema_file), "the answer is JSON that this JSON Schema accepts");
  a.option("--tool-choice", "WHICH", text(o.tool_choice), "auto, none, required or a tool's name, with --tools (auto)");
  a.excludes("--grammar", {"--schema", "--tools", "--ignore-eos"});
  a.excludes("--schema", {"--tools", "--ignore-eos"});
  a.excludes("--tool-choice", {"--grammar", "--schema", "--ignore-eos"});
}

Status read_constraint(ConstraintOptions& o, const PromptOptions& prompt) {
  if (!o.tool_choice.empty() && !prompt.tools_file) return Error{Code::invalid, "--tool-choice goes with --tools FILE"};
  if (!o.grammar_file.empty()) {
    SLUICE_TRY(o.grammar, read_input(o.grammar_file));
  }
  if (!o.schema_file.empty()) {
    SLUICE_TRY(o.schema, read_input(o.schema_file));
  }
  return {};
}

Result<std::shared_ptr<Constraint>> make_constraint(const ConstraintOptions& o, const Prompt& prompt, std::span<const int32_t> tokens, const Engine& engine) {
  const bool format = !o.schema_file.empty() || !o.grammar_file.empty();
  if (!format && prompt.tools.is_none()) return std::shared_ptr<Constraint>();
  if (engine.tokenizer() == nullptr) return Error{Code::unsupported, "this model has no tokenizer, so there is no text to constrain"};
  SLUICE_TRY(const auto trie, text::make_token_trie(*engine.tokenizer(), engine.stop_tokens()));
  auto compiled = compile(o, prompt, text::ends_in_reasoning(text_of(tokens, *engine.tokenizer())), engine, trie);
  if (compiled.ok()) return (*compiled)->constraint();
  const bool asked = format || (!o.tool_choice.empty() && o.tool_choice != "auto");
  if (asked) return std::move(compiled).error();
  note(fmt::format("tool calls are not constrained: {}", compiled.error().message));
  return std::shared_ptr<Constraint>();
}

}  // namespace sluice::cli
