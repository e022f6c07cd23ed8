// Values listed, scalars and strings.
#include <algorithm>
#include <cmath>

#include "text/grammar/pattern.h"
#include "text/grammar/schema.h"
#include "text/grammar/schema_values.h"

namespace sluice::text {
namespace {

struct Implied {
  std::string_view keyword, type;
};
constexpr Implied kImplied[] = {
    {"properties", "object"}, {"required", "object"}, {"additionalProperties", "object"}, {"items", "array"},
    {"prefixItems", "array"}, {"minItems", "array"},  {"maxItems", "array"},              {"pattern", "string"},
    {"format", "string"},     {"minLength", "string"}, {"maxLength", "string"},           {"minimum", "number"},
    {"maximum", "number"},    {"exclusiveMinimum", "number"}, {"exclusiveMaximum", "number"}, {"multipleOf", "number"}};

struct Format {
  std::string_view name, pattern;
};
// Sound rather than complete: every text they match has the format.
constexpr std::string_view kDate =
    "(\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8])))";
constexpr std::string_view kTime = "(([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d))";
constexpr Format kFormats[] = {
    {"uuid", "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"},
    {"ipv4", "^((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)$"},
    {"email", "^[A-Za-z0-9_%+-]+(\\.[A-Za-z0-9_%+-]+)*@[A-Za-z0-9]+(-[A-Za-z0-9]+)*(\\.[A-Za-z0-9]+(-[A-Za-z0-9]+)*)+$"},
    {"uri", "^[a-z][a-z0-9+.-]*:[A-Za-z0-9._~:/?@!$&'()*+,;=-]+$"}};

}  // namespace

Result<std::string> format_pattern(const Value& format, const std::string& path) {
  if (format.is_string()) {
    const std::string_view name = format.as_text().view();
    const std::string date(kDate), time(kTime);
    if (name == "date") return "^" + date + "$";
    if (name == "time") return "^" + time + "$";
    if (name == "date-time") return "^" + date + "T" + time + "$";
    for (const Format& each : kFormats) {
      if (each.name == name) return std::string(each.pattern);
    }
  }
  return schema_error(Code::unsupported, "format", path, "only date, time, date-time, uuid, ipv4, email and uri are supported");
}

Result<std::vector<std::string>> SchemaCompiler::meant_types(const Value& way, const std::string& path) const {
  if (way.find("type") != nullptr) return types_of(way, path);
  std::vector<std::string> out;
  for (const Implied& each : kImplied) {
    const bool known = std::find(out.begin(), out.end(), each.type) != out.end();
    if (way.find(each.keyword) != nullptr && !known) out.emplace_back(each.type);
  }
  if (out.empty()) return types_of(way, path);
  return out;
}

Result<std::vector<Value>> SchemaCompiler::listed_values(const Value& way, const std::string& path) const {
  for (const auto& entry : way.as_map().entries) {
    const std::string_view key = entry.key.as_text().view();
    if (key != "type" && key != "enum" && key != "const") {
      return schema_error(Code::unsupported, key, path, "is not supported together with enum or const");
    }
  }
  const Value *list = way.find("enum"), *only = way.find("const");
  if (list != nullptr && !list->is_list()) return schema_error(Code::corrupt, "enum", path, "must be a list");
  SLUICE_TRY(const auto types, types_of(way, path));
  const std::string wanted = only != nullptr ? json_key(*only) : "";
  std::vector<Value> out;
  for (const Value& value : list != nullptr ? list->as_list().items : std::vector<Value>{*only}) {
    const std::string_view type = type_of(value);
    const bool fits = std::any_of(types.begin(), types.end(), [&](const std::string& t) { return t == type || (t == "number" && type == "integer"); });
    if (fits && (only == nullptr || json_key(value) == wanted)) out.push_back(value);
  }
  return out;
}

Result<NodeId> SchemaCompiler::any_of_types(const Value& way, const std::string& path) {
  std::vector<NodeId> nodes;
  if (way.find("enum") != nullptr || way.find("const") != nullptr) {
    SLUICE_TRY(const auto values, listed_values(way, path));
    for (const Value& value : values) nodes.push_back(pieces_.exactly(value));
    return g_.choice(nodes);
  }
  if (way.as_map().entries.empty()) return pieces_.value();
  SLUICE_TRY(const auto types, meant_types(way, path));
  for (const std::string& type : types) {
    SLUICE_TRY(const NodeId node, typed(way, type, path));
    nodes.push_back(node);
  }
  return g_.choice(nodes);
}

Result<NodeId> SchemaCompiler::typed(const Value& way, const std::string& type, const std::string& path) {
  if (type == "object") return object(way, path);
  if (type == "array") return array(way, path);
  if (type == "string") return quoted_string(way, path);
  if (type == "boolean") return pieces_.boolean();
  if (type == "null") return pieces_.null();
  return schema_number(pieces_, way, type == "integer", path);
}

Result<NodeId> SchemaCompiler::quoted_string(const Value& way, const std::string& path) {
  const bool plain = !way.find("pattern") && !way.find("format") && !way.find("minLength") && !way.find("maxLength");
  if (plain) return pieces_.string();
  const Spelling spelling = pieces_.style().tagged ? Spelling::tagged_json : Spelling::json;
  SLUICE_TRY(const NodeId text, string_text(way, path, spelling, pieces_.character()));
  return g_.sequence({g_.literal("\""), text, g_.literal("\"")});
}

Result<NodeId> SchemaCompiler::string_text(const Value& way, const std::string& path, Spelling spelling, NodeId any) {
  const Value *pattern = way.find("pattern"), *format = way.find("format");
  const bool lengths = way.find("minLength") != nullptr || way.find("maxLength") != nullptr;
  if ((pattern != nullptr) + (format != nullptr) + lengths > 1) {
    return schema_error(Code::unsupported, pattern != nullptr ? "pattern" : "format", path, "is not supported together with format, minLength or maxLength");
  }
  if (lengths) {
    SLUICE_TRY(const int32_t least, schema_count(way, "minLength", path, 0));
    SLUICE_TRY(const int32_t most, schema_count(way, "maxLength", path, -1));
    return most >= 0 && most < least ? g_.choice({}) : g_.repeat(any, least, most);
  }
  if (pattern == nullptr && format == nullptr) return g_.repeat(any, 0, -1);
  std::string expression;
  if (format != nullptr) {
    SLUICE_TRY(expression, format_pattern(*format, path));
  } else if (pattern->is_string()) {
    expression = pattern->as_text().bytes();
  } else {
    return schema_error(Code::corrupt, "pattern", path, "must be a string");
  }
  auto text = pattern_text(g_, expression, spelling, any);
  if (!text.ok()) return std::move(text).error().within("schema: " + path);
  return text;
}

Result<int32_t> schema_count(const Value& way, std::string_view keyword, const std::string& path, int32_t without) {
  const Value* value = way.find(keyword);
  if (value == nullptr) return without;
  const bool whole = value->is_number() && !value->is(Value::Kind::boolean) && value->as_real() == std::floor(value->as_real());
  if (!whole || value->as_real() < 0) return schema_error(Code::corrupt, keyword, path, "must be a whole number, 0 or more");
  if (value->as_real() > kMostRepeats) {
    if (keyword.starts_with("max")) return -1;  // no answer is that long
    return schema_error(Code::over_budget, keyword, path, "above 1000000");
  }
  return static_cast<int32_t>(value->as_real());
}

}  // namespace sluice::text
