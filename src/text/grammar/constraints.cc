#include "text/grammar/constraints.h"

#include <ctime>

#include "text/grammar/gbnf.h"
#include "text/grammar/schema.h"

namespace sluice::text {
namespace {

constexpr std::string_view kMarks[] = {"<think>",     "</think>",    "<tool_call>",  "</tool_call>",
                                       "<function=",  "</function>", "<parameter=", "</parameter>"};

Result<std::shared_ptr<CompiledGrammar>> answer_of(Grammar grammar, NodeId answer, std::shared_ptr<const TokenTrie> trie, bool in_reasoning) {
  const NodeId whole = in_reasoning ? behind_reasoning(grammar, answer, false) : answer;
  const RuleId root = grammar.rule("answer", whole);
  return CompiledGrammar::make(std::move(grammar), root, std::move(trie));
}

Value sample_conversation() {
  const Value function = Value::map({{"name", Value::string("sample_function")}, {"arguments", Value::map({{"sample_key", Value::string("x")}})}});
  const Value call = Value::map({{"id", Value::string("call00001")}, {"type", Value::string("function")}, {"function", function}});
  Value answer = chat_message("assistant", "");
  answer.set("tool_calls", Value::list({call}));
  return Value::list({chat_message("user", "x"), answer});
}

Value sample_tools() {
  const Value schema = Value::map({{"type", Value::string("object")}, {"properties", Value::map({{"sample_key", Value::map({{"type", Value::string("string")}})}})}});
  const Value function = Value::map({{"name", Value::string("sample_function")}, {"description", Value::string("x")}, {"parameters", schema}});
  return Value::list({Value::map({{"type", Value::string("function")}, {"function", function}})});
}

}  // namespace

Result<std::shared_ptr<const TokenTrie>> make_token_trie(const Tokenizer& tokenizer, std::span<const int32_t> stop_tokens) {
  if (stop_tokens.empty()) return Error{Code::unsupported, "this model has no token that ends a turn, so a constrained answer could not end"};
  return std::make_shared<const TokenTrie>(tokenizer, stop_tokens, kMarks);
}

Result<std::shared_ptr<CompiledGrammar>> compile_schema(const std::shared_ptr<const TokenTrie>& trie, const Value& schema, const AnswerOptions& options) {
  Grammar grammar;
  JsonPieces pieces(grammar, {.compact = options.compact});
  SchemaWork work;
  SchemaCompiler compiler(pieces, schema, work);
  SLUICE_TRY(const NodeId answer, compiler.compile(schema, "#"));
  auto compiled = answer_of(std::move(grammar), answer, trie, options.in_reasoning);
  if (!compiled.ok()) return std::move(compiled).error().within("schema");
  return compiled;
}

Result<std::shared_ptr<CompiledGrammar>> compile_schema(const std::shared_ptr<const TokenTrie>& trie, std::string_view schema_json, const AnswerOptions& options) {
  auto schema = parse_json(schema_json);
  if (!schema.ok()) return std::move(schema).error().within("schema");
  return compile_schema(trie, *schema, options);
}

Result<std::shared_ptr<CompiledGrammar>> compile_gbnf(const std::shared_ptr<const TokenTrie>& trie, std::string_view source, const AnswerOptions& options) {
  Grammar grammar;
  SLUICE_TRY(const RuleId root, parse_gbnf(grammar, source));
  const NodeId answer = grammar.call(root);
  auto compiled = answer_of(std::move(grammar), answer, trie, options.in_reasoning);
  if (!compiled.ok()) return std::move(compiled).error().within("GBNF");
  return compiled;
}

Result<std::shared_ptr<CompiledGrammar>> compile_tools(const std::shared_ptr<const TokenTrie>& trie, const Value& tools, const ToolGrammarOptions& options) {
  Grammar grammar;
  SLUICE_TRY(const RuleId root, tool_grammar(grammar, tools, options));
  auto compiled = CompiledGrammar::make(std::move(grammar), root, trie);
  if (!compiled.ok()) return std::move(compiled).error().within("tools");
  return compiled;
}

Result<ToolSyntax> tool_syntax_of(const ChatTemplate& chat_template) {
  ChatInput input;
  input.messages = sample_conversation();
  input.tools = sample_tools();
  input.add_generation_prompt = false;
  input.now = std::tm{};
  SLUICE_TRY(const auto segments, chat_template.render(input));
  const std::string text = joined(segments);
  if (text.find("<function=sample_function>") != text.npos) return ToolSyntax::xml;
  if (text.find("<tool_call>\n{\"name\": \"sample_function\"") != text.npos) return ToolSyntax::json;
  return Error{Code::unsupported, "this model's template writes tool calls in a form that cannot be constrained"};
}

bool ends_in_reasoning(std::string_view prompt) {
  const size_t open = prompt.rfind("<think>"), close = prompt.rfind("</think>");
  if (open == prompt.npos || (close != prompt.npos && close > open)) return false;
  return prompt.find_first_not_of(" \n", open + 7) == prompt.npos;
}

}  // namespace sluice::text
