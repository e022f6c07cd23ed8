// Two schemas that must both hold, as one.
#include <algorithm>

#include "text/grammar/schema_values.h"

namespace sluice::text {
namespace {

Error clash(std::string_view keyword, std::string_view path) {
  return schema_error(Code::unsupported, keyword, path, "two different ones must hold at once (allOf, $ref or anyOf with siblings)");
}

bool allows(const std::vector<std::string>& types, std::string_view type) {
  const auto has = [&](std::string_view name) { return std::find(types.begin(), types.end(), name) != types.end(); };
  return has(type) || (type == "integer" && has("number"));
}

Result<Value> both_types(const Value& a, const Value& b, std::string_view path) {
  SLUICE_TRY(const auto left, types_of(a, path));
  SLUICE_TRY(const auto right, types_of(b, path));
  Value out = Value::list();
  for (std::string_view type : kSchemaTypes) {
    const bool implied = type == "integer" && allows(left, "number") && allows(right, "number");
    if (!implied && allows(left, type) && allows(right, type)) out.push(Value::string(type));
  }
  if (out.as_list().items.empty()) return schema_error(Code::invalid, "type", path, "no type satisfies all of it");
  return out;
}

Value common_items(const Value& a, const Value& b) {
  Value out = Value::list();
  for (const Value& item : a.as_list().items) {
    const auto& others = b.as_list().items;
    if (std::any_of(others.begin(), others.end(), [&](const Value& other) { return same_json(item, other); })) out.push(item);
  }
  return out;
}

Value all_items(const Value& a, const Value& b) {
  Value out = Value::list(a.as_list().items);
  for (const Value& item : b.as_list().items) {
    const auto& others = a.as_list().items;
    if (std::none_of(others.begin(), others.end(), [&](const Value& other) { return same_json(item, other); })) out.push(item);
  }
  return out;
}

// {"allOf": [a, b]}: merged where it is compiled.
Value both(const Value& a, const Value& b) {
  return same_json(a, b) ? a : Value::map({{"allOf", Value::list({a, b})}});
}

Value both_properties(const Value& a, const Value& b) {
  Value out = Value::map();
  for (const auto& entry : a.as_map().entries) {
    const std::string& key = entry.key.as_text().bytes();
    const Value* other = b.find(key);
    out.set(key, other == nullptr ? entry.value : both(entry.value, *other));
  }
  for (const auto& entry : b.as_map().entries) {
    const std::string& key = entry.key.as_text().bytes();
    if (a.find(key) == nullptr) out.set(key, entry.value);
  }
  return out;
}

Result<Value> both_of(std::string_view key, const Value& x, const Value& y, std::string_view path) {
  const bool lists = x.is_list() && y.is_list(), maps = x.is_map() && y.is_map();
  const bool numbers = x.is_number() && y.is_number();
  if (key == "enum" && lists) return common_items(x, y);
  if (key == "required" && lists) return all_items(x, y);
  if (key == "properties" && maps) return both_properties(x, y);
  if (key.starts_with("min") && numbers) return x.as_real() >= y.as_real() ? x : y;
  if (key.starts_with("max") && numbers) return x.as_real() <= y.as_real() ? x : y;
  if (key == "exclusiveMinimum" && numbers) return x.as_real() >= y.as_real() ? x : y;
  if (key == "exclusiveMaximum" && numbers) return x.as_real() <= y.as_real() ? x : y;
  if (key == "items" || key == "additionalProperties") return both(x, y);
  return clash(key, path);
}

// A schema that closes its properties says something about those that only the other one declares.
Status check_closed(const Value& a, const Value& b, std::string_view path) {
  const Value *rest = a.find("additionalProperties"), *other = b.find("properties"), *own = a.find("properties");
  if (rest == nullptr || other == nullptr || !other->is_map()) return {};
  if (rest->is(Value::Kind::boolean) && rest->as_bool()) return {};
  for (const auto& entry : other->as_map().entries) {
    const bool declared = own != nullptr && own->is_map() && own->find(entry.key.as_text().view()) != nullptr;
    if (!declared) return clash("additionalProperties", path);
  }
  return {};
}

}  // namespace

Result<Value> merge_schemas(const Value& a, const Value& b, std::string_view path) {
  SLUICE_TRY_VOID(check_closed(a, b, path));
  SLUICE_TRY_VOID(check_closed(b, a, path));
  Value out = Value::map();
  for (const auto& entry : a.as_map().entries) out.set(entry.key.as_text().view(), entry.value);
  for (const auto& entry : b.as_map().entries) {
    const std::string& key = entry.key.as_text().bytes();
    const Value* mine = a.find(key);
    if (mine == nullptr || same_json(*mine, entry.value)) {
      out.set(key, entry.value);
    } else if (key == "type") {
      SLUICE_TRY(Value types, both_types(a, b, path));
      out.set(key, std::move(types));
    } else {
      SLUICE_TRY(Value joined, both_of(key, *mine, entry.value, path));
      out.set(key, std::move(joined));
    }
  }
  return out;
}

}  // namespace sluice::text
