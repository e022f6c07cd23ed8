// Objects and arrays.
#include <algorithm>

#include "text/grammar/schema.h"
#include "text/grammar/schema_values.h"
#include "text/grammar/until.h"

namespace sluice::text {

Result<std::vector<SchemaProperty>> schema_properties(const Value& way, const std::string& path) {
  const Value *declared = way.find("properties"), *required = way.find("required"), *rest = way.find("additionalProperties");
  std::vector<SchemaProperty> out;
  if (declared != nullptr && !declared->is_map()) return schema_error(Code::corrupt, "properties", path, "must be an object");
  if (required != nullptr && !required->is_list()) return schema_error(Code::corrupt, "required", path, "must be a list of names");
  std::map<std::string, size_t> places;
  if (declared != nullptr) {
    for (const auto& entry : declared->as_map().entries) {
      places.emplace(entry.key.as_text().bytes(), out.size());
      out.push_back({entry.key.as_text().bytes(), entry.value});
    }
  }
  if (required == nullptr) return out;
  for (const Value& name : required->as_list().items) {
    if (!name.is_string()) return schema_error(Code::corrupt, "required", path, "must be a list of names");
    const auto [at, undeclared] = places.emplace(name.as_text().bytes(), out.size());
    if (undeclared) out.push_back({name.as_text().bytes(), rest != nullptr ? *rest : Value::boolean(true)});
    out[at->second].required = true;
  }
  return out;
}

Result<NodeId> SchemaCompiler::object(const Value& way, const std::string& path) {
  SLUICE_TRY(const auto properties, schema_properties(way, path));
  const Value* rest = way.find("additionalProperties");
  const bool closed = rest != nullptr ? rest->is(Value::Kind::boolean) && !rest->as_bool() : !properties.empty() || way.find("properties") != nullptr;
  NodeId extra = -1;
  if (!closed) {
    SLUICE_TRY(const NodeId value, compile(rest != nullptr ? *rest : Value::boolean(true), below(path, "additionalProperties")));
    NodeId key = pieces_.string();
    std::vector<std::string> names;
    for (const SchemaProperty& each : properties) names.push_back(each.name);
    if (!names.empty()) {
      const NodeId other = text_unlike(g_, names, pieces_.style().tagged ? "<" : "");
      key = g_.call(g_.rule("key", g_.sequence({g_.literal("\""), other, g_.literal("\"")})));
    }
    extra = pieces_.member(key, value);
  }
  // From the last to the first: what may follow when a member was written before, and when none was.
  const NodeId comma = pieces_.comma();
  NodeId tail = extra < 0 ? g_.empty() : g_.repeat(g_.sequence({comma, extra}), 0, -1);
  NodeId head = extra < 0 ? g_.empty() : g_.optional(g_.sequence({extra, tail}));
  for (size_t i = properties.size(); i-- > 0;) {
    const SchemaProperty& each = properties[i];
    SLUICE_TRY(const NodeId value, compile(each.schema, below(below(path, "properties"), each.name)));
    const NodeId member = pieces_.member(pieces_.exactly(Value::string(each.name)), value);
    const NodeId first = g_.sequence({member, tail}), next = g_.sequence({comma, member, tail});
    head = each.required ? first : g_.choice({first, head});
    tail = each.required ? next : g_.choice({next, tail});
  }
  return pieces_.object(head);
}

Result<NodeId> SchemaCompiler::array(const Value& way, const std::string& path) {
  SLUICE_TRY(const int32_t least, schema_count(way, "minItems", path, 0));
  SLUICE_TRY(const int32_t most, schema_count(way, "maxItems", path, -1));
  const Value *fixed = way.find("prefixItems"), *rest = way.find("items");
  if (fixed != nullptr && !fixed->is_list()) return schema_error(Code::corrupt, "prefixItems", path, "must be a list");
  if (rest != nullptr && rest->is_list()) return schema_error(Code::unsupported, "items", path, "a list is not supported; write prefixItems");
  if (most >= 0 && most < least) return g_.choice({});
  std::vector<NodeId> first;
  if (fixed != nullptr) {
    for (const Value& each : fixed->as_list().items) {
      if (most >= 0 && first.size() >= static_cast<size_t>(most)) break;
      SLUICE_TRY(const NodeId node, compile(each, below(path, "prefixItems")));
      first.push_back(node);
    }
  }
  const auto count = static_cast<int32_t>(first.size());
  // Behind prefixItems no more items are written than must be, unless the schema speaks of them.
  const Value other = rest != nullptr ? *rest : Value::boolean(fixed == nullptr || least > count);
  SLUICE_TRY(const NodeId item, compile(other, below(path, "items")));
  const NodeId comma = pieces_.comma();
  const int32_t more = std::max(0, least - count), at_most = most < 0 ? -1 : most - count;
  if (count == 0) {
    if (at_most == 0) return pieces_.array(g_.empty());
    const NodeId further = g_.repeat(g_.sequence({comma, item}), std::max(0, more - 1), at_most < 0 ? -1 : at_most - 1);
    const NodeId items = g_.sequence({item, further});
    return pieces_.array(more == 0 ? g_.optional(items) : items);
  }
  NodeId tail = at_most == 0 ? g_.empty() : g_.repeat(g_.sequence({comma, item}), more, at_most);
  for (int32_t i = count; i-- > 0;) {
    const NodeId here = i == 0 ? g_.sequence({first[0], tail}) : g_.sequence({comma, first[static_cast<size_t>(i)], tail});
    tail = i >= least ? g_.optional(here) : here;
  }
  return pieces_.array(tail);
}

}  // namespace sluice::text
