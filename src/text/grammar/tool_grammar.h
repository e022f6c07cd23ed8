// What an answer with tools may be: free text, perhaps reasoning first, and calls that the tools' schemas accept.
#pragma once

#include <string>
#include <string_view>

#include "sluice/status.h"
#include "text/grammar/grammar.h"
#include "text/value.h"

namespace sluice::text {

enum class ToolSyntax {
  xml,   // <tool_call>\n<function=NAME>\n<parameter=KEY>\nVALUE\n</parameter>\n</function>\n</tool_call> (Qwen3.5)
  json,  // <tool_call>\n{"name": NAME, "arguments": {...}}\n</tool_call> (Hermes, Qwen3)
};

struct ToolChoice {
  enum Kind { automatic, none, required, named };
  Kind kind = automatic;
  std::string name = {};  // named: the one function that must be called
};

struct ToolGrammarOptions {
  ToolSyntax syntax = ToolSyntax::xml;
  ToolChoice choice = {};
  bool parallel = true;       // several calls may follow each other
  bool in_reasoning = false;  // the prompt ended inside <think>
};

// automatic: text is free until <tool_call>; from there on a call, then perhaps further ones, then the end. required and
// named: a call at once, or behind the reasoning. none: free text in which <tool_call> does not occur. `tools`: a list of
// {"type": "function", "function": {"name", "parameters"}} or of the inner objects. Errors: invalid, corrupt and
// unsupported, naming the tool.
Result<RuleId> tool_grammar(Grammar& grammar, const Value& tools, const ToolGrammarOptions& options);

// Free text up to </think> and line breaks behind it, then `answer`; where `may_end`, the text may also end before.
NodeId behind_reasoning(Grammar& grammar, NodeId answer, bool may_end);

}  // namespace sluice::text
