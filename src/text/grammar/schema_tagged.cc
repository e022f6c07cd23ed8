// Values between tags, as the XML form of tool calls has them.
#include <algorithm>

#include "text/grammar/schema.h"
#include "text/grammar/schema_values.h"

namespace sluice::text {
namespace {

constexpr std::string_view kEnd = "</parameter>";

// A string listed as a value of its own must come back from between the tags unchanged.
Result<NodeId> raw_literal(Grammar& g, const Value& value, const std::string& path) {
  const std::string& text = value.as_text().bytes();
  if (text.find("</") != text.npos) return schema_error(Code::unsupported, "enum", path, "a value with \"</\" cannot be written between tags");
  return g.literal(text);
}

}  // namespace

// `raw` becomes true where any text is welcome; the node then means nothing.
Result<NodeId> SchemaCompiler::tagged_type(const Value& way, const std::string& type, const std::string& path, bool& raw) {
  const auto python = [&](NodeId json, std::initializer_list<std::string_view> words) {
    std::vector<NodeId> ways = {json};
    for (std::string_view word : words) ways.push_back(g_.literal(word));
    return g_.choice(ways);
  };
  if (type == "boolean") return python(pieces_.boolean(), {"True", "False"});
  if (type == "null") return python(pieces_.null(), {"None"});
  if (type != "string") return typed(way, type, path);
  raw = !way.find("pattern") && !way.find("format") && !way.find("minLength") && !way.find("maxLength");
  return string_text(way, path, Spelling::tagged, one_of(g_, Characters::all(), Spelling::tagged));
}

Result<NodeId> SchemaCompiler::tagged_way(const Value& way, const std::string& path, bool& raw) {
  std::vector<NodeId> nodes;
  if (way.find("enum") != nullptr || way.find("const") != nullptr) {
    SLUICE_TRY(const auto values, listed_values(way, path));
    for (const Value& value : values) {
      NodeId node = g_.empty();
      if (value.is_string()) {
        SLUICE_TRY(node, raw_literal(g_, value, path));
      } else {
        node = pieces_.exactly(value);
        if (value.is(Value::Kind::boolean)) node = g_.choice({node, g_.literal(value.as_bool() ? "True" : "False")});
        if (value.is_none()) node = g_.choice({node, g_.literal("None")});
      }
      nodes.push_back(node);
    }
    return g_.choice(nodes);
  }
  SLUICE_TRY(const auto types, meant_types(way, path));
  for (const std::string& type : types) {
    bool this_raw = false;
    SLUICE_TRY(const NodeId node, tagged_type(way, type, path, this_raw));
    raw = raw || this_raw;
    nodes.push_back(node);
  }
  return g_.choice(nodes);
}

Result<NodeId> SchemaCompiler::tagged_value(const Value& schema, const std::string& path) {
  SLUICE_TRY(const auto all, ways(schema, path, 0));
  std::vector<NodeId> nodes;
  bool raw = false;
  for (const Value& way : all) {
    SLUICE_TRY(const NodeId node, tagged_way(way, path, raw));
    nodes.push_back(node);
  }
  if (!raw) return g_.sequence({g_.choice(nodes), g_.literal("\n" + std::string(kEnd))});
  return pieces_.tagged_text();
}

}  // namespace sluice::text
