#include "text/grammar/tool_grammar.h"

#include <algorithm>
#include <map>

#include "text/grammar/schema.h"
#include "text/grammar/schema_values.h"
#include "text/grammar/until.h"
#include "text/quote.h"

namespace sluice::text {
namespace {

struct Tool {
  std::string name;
  Value parameters;  // a schema; none: no parameters
};

// A name stands bare between '=' and '>' in the XML form.
bool is_bare(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) > 0x20 && c != '<' && c != '>' && c != 0x7f; });
  return plain && !name.empty() && name.size() <= 256;
}

Result<std::vector<Tool>> read_tools(const Value& tools, const ToolChoice& choice) {
  if (!tools.is_list()) return Error{Code::corrupt, "tools: must be a list"};
  std::vector<Tool> out;
  for (size_t i = 0; i < tools.as_list().items.size(); ++i) {
    const Value& entry = tools.as_list().items[i];
    const Value* inner = entry.is_map() ? entry.find("function") : nullptr;
    const Value& function = inner != nullptr ? *inner : entry;
    const Value* name = function.is_map() ? function.find("name") : nullptr;
    if (name == nullptr || !name->is_string()) return Error{Code::corrupt, "tool " + std::to_string(i) + ": has no name"};
    const std::string called = name->as_text().bytes();
    if (!is_bare(called)) return Error{Code::unsupported, "tool " + quote_text(called) + ": such a name cannot be called"};
    if (choice.kind == ToolChoice::named && called != choice.name) continue;
    const Value* parameters = function.find("parameters");
    out.push_back({called, parameters != nullptr ? *parameters : Value()});
  }
  if (choice.kind == ToolChoice::named && out.empty()) return Error{Code::invalid, "tool choice: there is no tool " + quote_text(choice.name)};
  if (choice.kind == ToolChoice::required && out.empty()) return Error{Code::invalid, "tool choice: a call is required, but there are no tools"};
  return out;
}

// <parameter=KEY>\nVALUE\n</parameter>\n for each, in the schema's order.
Result<NodeId> xml_parameters(Grammar& g, JsonPieces& pieces, const Value& schema, SchemaWork& work) {
  SchemaCompiler compiler(pieces, schema, work);
  SLUICE_TRY(const Value all, compiler.flat(schema, "#"));
  if (all.find("anyOf") != nullptr || all.find("oneOf") != nullptr || all.find("enum") != nullptr || all.find("const") != nullptr) {
    return schema_error(Code::unsupported, "anyOf", "#", "parameters must be one object with properties");
  }
  SLUICE_TRY(const auto types, types_of(all, "#"));
  if (std::find(types.begin(), types.end(), "object") == types.end()) return schema_error(Code::unsupported, "type", "#", "parameters must be an object");
  SLUICE_TRY(const auto properties, schema_properties(all, "#"));
  std::vector<NodeId> parts;
  for (const SchemaProperty& each : properties) {
    if (!is_bare(each.name)) return schema_error(Code::unsupported, each.name, "#/properties", "such a name cannot be written between tags");
    SLUICE_TRY(const NodeId value, compiler.tagged_value(each.schema, below("#/properties", each.name)));
    const NodeId part = g.sequence({g.literal("<parameter=" + each.name + ">\n"), value, g.literal("\n")});
    parts.push_back(each.required ? part : g.optional(part));
  }
  return g.sequence(parts);
}

Result<NodeId> json_call(Grammar& g, JsonPieces& pieces, const Tool& tool, SchemaWork& work) {
  NodeId arguments = pieces.object(g.empty());
  if (!tool.parameters.is_none()) {
    SchemaCompiler compiler(pieces, tool.parameters, work);
    SLUICE_TRY(arguments, compiler.compile(tool.parameters, "#"));
  }
  const NodeId name = pieces.member(g.literal("\"name\""), pieces.exactly(Value::string(tool.name)));
  return pieces.object(g.sequence({name, pieces.comma(), pieces.member(g.literal("\"arguments\""), arguments)}));
}

Result<NodeId> one_call(Grammar& g, JsonPieces& pieces, const Tool& tool, ToolSyntax syntax, SchemaWork& work) {
  if (syntax == ToolSyntax::json) return json_call(g, pieces, tool, work);
  NodeId parameters = g.empty();
  if (!tool.parameters.is_none()) {
    SLUICE_TRY(parameters, xml_parameters(g, pieces, tool.parameters, work));
  }
  return g.sequence({g.literal("<function=" + tool.name + ">\n"), parameters, g.literal("</function>")});
}

// Behind <tool_call>: the rest of one call, then perhaps more of them.
Result<NodeId> calls(Grammar& g, const std::vector<Tool>& tools, const ToolGrammarOptions& options) {
  JsonPieces pieces(g, {.tagged = options.syntax == ToolSyntax::xml});
  SchemaWork work;
  std::vector<NodeId> ways;
  for (const Tool& tool : tools) {
    auto way = one_call(g, pieces, tool, options.syntax, work);
    if (!way.ok()) return std::move(way).error().within("tool " + quote_text(tool.name));
    ways.push_back(*way);
  }
  const RuleId rule = g.declare("call");
  const NodeId line = g.bytes(ByteSet::of("\n"));
  NodeId more = g.repeat(line, 0, 2);
  if (options.parallel) more = g.choice({more, g.sequence({more, g.literal("<tool_call>"), g.call(rule)})});
  g.define(rule, g.sequence({line, g.choice(ways), line, g.literal("</tool_call>"), more}));
  return g.call(rule);
}

}  // namespace

NodeId behind_reasoning(Grammar& g, NodeId answer, bool may_end) {
  const NodeId rest = g.sequence({g.repeat(g.literal("\n"), 0, 2), answer});
  const Mark end{.text = "</think>", .then = rest};
  return text_until(g, std::span(&end, 1), {.free = true, .may_end = may_end});
}

Result<RuleId> tool_grammar(Grammar& g, const Value& tools, const ToolGrammarOptions& options) {
  const ToolChoice::Kind kind = options.choice.kind;
  const bool forced = kind == ToolChoice::required || kind == ToolChoice::named;
  NodeId answer = g.empty();
  Mark open{.text = "<tool_call>", .forbidden = kind == ToolChoice::none};
  if (kind != ToolChoice::none) {
    SLUICE_TRY(const std::vector<Tool> known, read_tools(tools, options.choice));
    SLUICE_TRY(open.then, calls(g, known, options));
  }
  if (forced) {
    answer = g.sequence({g.literal(open.text), open.then});
  } else {
    answer = text_until(g, std::span(&open, 1), {.free = true, .may_end = true});
  }
  const NodeId reasoned = behind_reasoning(g, answer, !forced);
  if (options.in_reasoning) return g.rule("answer", reasoned);
  if (!forced) {
    // A text that begins with <think> begins with reasoning; any other beginning is the answer itself.
    const NodeId think = g.sequence({g.repeat(g.literal("\n"), 0, 2), g.literal("<think>"), reasoned});
    return g.rule("answer", g.choice({answer, think}));
  }
  return g.rule("answer", answer);
}

}  // namespace sluice::text
