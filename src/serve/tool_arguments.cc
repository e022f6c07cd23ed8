#include "serve/tool_arguments.h"

#include <cmath>
#include <set>

namespace sluice::serve {
namespace {

using text::Value;

const Value* member(const Value* map, std::string_view name) { return map != nullptr && map->is_map() ? map->find(name) : nullptr; }

const Value* properties_of(const Value& tools, std::string_view name) {
  if (!tools.is_list()) return nullptr;
  for (const Value& tool : tools.as_list().items) {
    const Value* function = member(&tool, "function");
    const Value* its_name = member(function, "name");
    if (its_name != nullptr && its_name->is_string() && its_name->as_text().view() == name) return member(member(function, "parameters"), "properties");
  }
  return nullptr;
}

std::string_view json_type(const Value& value) {
  if (value.is_none()) return "null";
  if (value.is(Value::Kind::boolean)) return "boolean";
  if (value.is_number()) return value.is_integral() || value.is(Value::Kind::big_integer) ? "integer" : "number";
  if (value.is_list()) return "array";
  return value.is_map() ? "object" : "string";
}

// The types a schema names, by `type`, `enum`, `const`, and those of anyOf and oneOf one level down. Empty: any.
std::set<std::string, std::less<>> types_of(const Value* schema, int depth = 0) {
  std::set<std::string, std::less<>> out;
  auto add = [&out](const Value& type) {
    if (type.is_string()) out.insert(type.as_text().bytes());
  };
  if (const Value* type = member(schema, "type"); type != nullptr) {
    if (!type->is_list()) add(*type);
    for (const Value& each : type->is_list() ? type->as_list().items : std::vector<Value>()) add(each);
    return out;
  }
  if (const Value* values = member(schema, "enum"); values != nullptr && values->is_list()) {
    for (const Value& each : values->as_list().items) out.emplace(json_type(each));
    return out;
  }
  if (const Value* value = member(schema, "const")) return {std::string(json_type(*value))};
  for (const char* name : {"anyOf", "oneOf"}) {
    const Value* choices = depth < 4 ? member(schema, name) : nullptr;
    if (choices == nullptr || !choices->is_list()) continue;
    for (const Value& each : choices->as_list().items) {
      const auto types = types_of(&each, depth + 1);
      if (types.empty()) return {};
      out.insert(types.begin(), types.end());
    }
  }
  return out;
}

Value typed(const std::string& text, const Value* schema) {
  const auto types = types_of(schema);
  auto parsed = text::parse_json(text);
  if (!parsed.ok() || parsed->is_string()) return Value::string(text);
  const std::string_view type = json_type(*parsed);
  const bool whole = type == "number" && parsed->as_real() == std::floor(parsed->as_real());
  const bool fits = types.contains(type) || (type == "integer" && types.contains("number")) || (whole && types.contains("integer"));
  return types.empty() || fits ? *parsed : Value::string(text);
}

}  // namespace

std::string arguments_json(const text::ToolCall& call, const Value& tools) {
  const Value* properties = properties_of(tools, call.name);
  const Value out = Value::map();
  for (const auto& [name, text] : call.arguments) out.set(name, typed(text, member(properties, name)));
  return text::to_json(out);
}

}  // namespace sluice::serve
