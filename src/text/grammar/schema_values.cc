#include "text/grammar/schema_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

#include "text/quote.h"

namespace sluice::text {
namespace {

constexpr std::string_view kDescriptive[] = {"title",       "description", "default",    "examples",   "example",  "$comment",
                                             "$schema",     "$id",         "deprecated", "readOnly",   "writeOnly", "$defs",
                                             "definitions", "strict",      "discriminator"};
constexpr std::string_view kHonoured[] = {
    "type",      "enum",      "const",   "properties", "required",         "additionalProperties", "items",
    "minItems",  "maxItems",  "pattern", "prefixItems", "minLength",       "maxLength",            "format",
    "minimum",   "maximum",   "anyOf",   "exclusiveMinimum", "exclusiveMaximum", "oneOf",          "allOf",
    "$ref",      "nullable",  "uniqueItems", "multipleOf", "minProperties"};

bool listed(std::span<const std::string_view> list, std::string_view what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

// Inside of lists and maps the spelling of numbers counts.
bool same_inside(const Value& a, const Value& b, SchemaWork& work) {
  work.take(SchemaWork::kEntry);
  if (a.kind() != b.kind() || work.spent()) return false;
  if (a.is_string()) {
    work.take(a.as_text().view().size());
    return a.as_text().view() == b.as_text().view();
  }
  if (a.is_list()) {
    const auto &left = a.as_list().items, &right = b.as_list().items;
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [&](const Value& x, const Value& y) { return same_inside(x, y, work); });
  }
  if (!a.is_map()) return to_json(a) == to_json(b);
  const auto& entries = a.as_map().entries;
  return entries.size() == b.as_map().entries.size() && std::all_of(entries.begin(), entries.end(), [&](const auto& entry) {
           const Value* other = b.find(entry.key.as_text().view());
           return other != nullptr && same_inside(entry.value, *other, work);
         });
}

}  // namespace

Error schema_error(Code code, std::string_view keyword, std::string_view path, std::string_view what) {
  return {code, "schema: " + quote_text(keyword) + " at " + std::string(path) + ": " + std::string(what)};
}

std::string below(std::string_view path, std::string_view key) {
  std::string out(path.substr(0, 200));
  const std::string quoted = quote_text(key);
  return out + "/" + quoted.substr(1, quoted.size() - 2);
}

bool is_descriptive(std::string_view keyword) { return listed(kDescriptive, keyword) || keyword.starts_with("x-"); }

Status check_keywords(const Value& schema, std::string_view path) {
  for (const auto& entry : schema.as_map().entries) {
    const std::string& key = entry.key.as_text().bytes();
    if (!is_descriptive(key) && !listed(kHonoured, key)) {
      return schema_error(Code::unsupported, key, path, "this keyword is not supported");
    }
  }
  const Value* unique = schema.find("uniqueItems");
  if (unique != nullptr && !(unique->is(Value::Kind::boolean) && !unique->as_bool())) {
    return schema_error(Code::unsupported, "uniqueItems", path, "only false is supported");
  }
  const Value* least = schema.find("minProperties");
  if (least != nullptr && !(least->is(Value::Kind::integer) && least->as_integer() == 0)) {
    return schema_error(Code::unsupported, "minProperties", path, "only 0 is supported");
  }
  return {};
}

Value without_descriptions(const Value& schema) {
  Value out = Value::map();
  for (const auto& entry : schema.as_map().entries) {
    const std::string& key = entry.key.as_text().bytes();
    if (!is_descriptive(key)) out.set(key, entry.value);
  }
  return out;
}

std::string json_key(const Value& value) {
  if (!value.is_number() || value.is(Value::Kind::boolean)) return to_json(value, {.sort_keys = true});
  return "number " + std::to_string(std::bit_cast<uint64_t>(value.as_real() + 0.0));  // -0.0 + 0.0 is 0.0
}

bool same_json(const Value& a, const Value& b, SchemaWork& work) {
  const bool numbers = a.is_number() && b.is_number() && !a.is(Value::Kind::boolean) && !b.is(Value::Kind::boolean);
  return numbers ? a.as_real() == b.as_real() : same_inside(a, b, work);
}

Result<std::vector<std::string>> types_of(const Value& schema, std::string_view path) {
  const Value* type = schema.find("type");
  std::vector<std::string> out;
  if (type == nullptr) {
    for (std::string_view name : kSchemaTypes) {
      if (name != "integer") out.emplace_back(name);
    }
    return out;
  }
  std::vector<Value> names = type->is_list() ? type->as_list().items : std::vector<Value>{*type};
  for (const Value& name : names) {
    if (!name.is_string() || !listed(kSchemaTypes, name.as_text().view())) {
      return schema_error(Code::corrupt, "type", path, "must be one of JSON Schema's seven types, or a list of them");
    }
    if (std::find(out.begin(), out.end(), name.as_text().bytes()) == out.end()) out.push_back(name.as_text().bytes());
  }
  return out;
}

std::string_view type_of(const Value& instance) {
  switch (instance.kind()) {
    case Value::Kind::boolean:
      return "boolean";
    case Value::Kind::integer:
    case Value::Kind::big_integer:
      return "integer";
    case Value::Kind::real:
      return instance.as_real() == std::floor(instance.as_real()) ? "integer" : "number";
    case Value::Kind::string:
      return "string";
    case Value::Kind::list:
      return "array";
    case Value::Kind::map:
      return "object";
    default:
      return "null";
  }
}

}  // namespace sluice::text
