#include "serve/grammars.h"

#include <algorithm>

namespace sluice::serve {
namespace {

using text::Value;

constexpr size_t kMostKept = 16;

bool wants_calls(const GenerationRequest& r) { return !r.tools.is_none() && r.tool_choice.kind != ToolChoice::Kind::none; }
bool must_call(const GenerationRequest& r) {
  return r.tool_choice.kind == ToolChoice::Kind::required || r.tool_choice.kind == ToolChoice::Kind::named;
}

text::ToolChoice choice_of(const ToolChoice& choice) {
  switch (choice.kind) {
    case ToolChoice::Kind::required: return {text::ToolChoice::required, {}};
    case ToolChoice::Kind::named: return {text::ToolChoice::named, choice.name};
    case ToolChoice::Kind::none: return {text::ToolChoice::none, {}};
    case ToolChoice::Kind::automatic: break;
  }
  return {text::ToolChoice::automatic, {}};
}

// All that the grammar depends on.
std::string key_of(const GenerationRequest& r, bool in_reasoning) {
  const Value parts = Value::list({Value::boolean(in_reasoning), Value::integer(static_cast<int64_t>(r.format.kind)), r.format.schema});
  if (wants_calls(r)) {
    parts.push(r.tools);
    parts.push(Value::integer(static_cast<int64_t>(r.tool_choice.kind)));
    parts.push(Value::string(r.tool_choice.name));
    parts.push(Value::boolean(r.parallel_tool_calls));
  }
  return text::to_json(parts);
}

Status check_choice(const GenerationRequest& r) {
  if (!must_call(r)) return {};
  if (r.tools.is_none()) return Error{Code::invalid, "tool_choice: there are no tools"};
  if (r.tool_choice.kind == ToolChoice::Kind::required) return {};
  for (const Value& tool : r.tools.as_list().items) {
    if (tool.find("function")->find("name")->as_text().view() == r.tool_choice.name) return {};
  }
  return Error{Code::invalid, "tool_choice: no tool has this name"};
}

}  // namespace

Result<std::shared_ptr<const text::TokenTrie>> Grammars::trie(const Engine& engine) {
  const std::lock_guard lock(model_mutex_);
  if (trie_ == nullptr) {
    SLUICE_TRY(trie_, text::make_token_trie(*engine.tokenizer(), engine.stop_tokens()));
  }
  return trie_;
}

Result<text::ToolSyntax> Grammars::syntax(const Engine& engine) {
  const std::lock_guard lock(model_mutex_);
  if (!syntax_) {
    SLUICE_TRY(syntax_, text::tool_syntax_of(*engine.chat_template()));
  }
  return *syntax_;
}

std::shared_ptr<text::CompiledGrammar> Grammars::find(const std::string& key) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&key](const auto& entry) { return entry.first == key; });
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return kept_.front().second;
}

std::shared_ptr<text::CompiledGrammar> Grammars::kept(const std::string& key) {
  const std::lock_guard lock(kept_mutex_);
  return find(key);
}

std::shared_ptr<text::CompiledGrammar> Grammars::keep(const std::string& key, std::shared_ptr<text::CompiledGrammar> compiled) {
  const std::lock_guard lock(kept_mutex_);
  if (auto other = find(key)) return other;
  kept_.emplace_front(key, compiled);
  if (kept_.size() > kMostKept) kept_.pop_back();
  return compiled;
}

Grammars::Compiled Grammars::compile(const Engine& engine, const GenerationRequest& r, bool in_reasoning) {
  SLUICE_TRY(const auto trie, this->trie(engine));
  if (r.format.kind != AnswerFormat::Kind::text) {
    const Value any_object = Value::map({{"type", Value::string("object")}});
    return text::compile_schema(trie, r.format.kind == AnswerFormat::Kind::json_object ? any_object : r.format.schema,
                                {.compact = false, .in_reasoning = in_reasoning});
  }
  SLUICE_TRY(const text::ToolSyntax syntax, this->syntax(engine));
  return text::compile_tools(trie, r.tools, {syntax, choice_of(r.tool_choice), r.parallel_tool_calls, in_reasoning});
}

Result<std::shared_ptr<Constraint>> Grammars::constraint(const Engine& engine, const GenerationRequest& r, bool in_reasoning) {
  SLUICE_TRY_VOID(check_choice(r));
  const bool json = r.format.kind != AnswerFormat::Kind::text;
  if (!json && !wants_calls(r)) return std::shared_ptr<Constraint>();
  if (json && wants_calls(r)) return Error{Code::unsupported, "response_format: not together with tools; tool_choice none leaves them out"};
  const std::string key = key_of(r, in_reasoning);
  if (const auto known = kept(key)) return known->constraint();
  auto compiled = compile(engine, r, in_reasoning);
  if (!compiled.ok()) {
    if (!json && !must_call(r) && !r.strict_tools) return std::shared_ptr<Constraint>();
    Error error = std::move(compiled).error().within(json ? "response_format" : "tools");
    if (error.code == Code::over_budget) error.code = Code::unsupported;  // no wait makes it smaller
    return error;
  }
  return keep(key, std::move(compiled).value())->constraint();
}

}  // namespace sluice::serve
