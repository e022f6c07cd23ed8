// Two schemas that must both hold, as one.
#include <algorithm>
#include <unordered_set>

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

std::unordered_set<std::string> keys_of(const Value& list, SchemaWork& work) {
  std::unordered_set<std::string> out;
  for (const Value& item : list.as_list().items) {
    std::string key = json_key(item);
    work.take(SchemaWork::kEntry + key.size());
    out.insert(std::move(key));
  }
  return out;
}

// The items of a list that are among those with these keys, or are not.
std::vector<Value> items_among(const Value& list, const std::unordered_set<std::string>& keys, bool among, SchemaWork& work) {
  std::vector<Value> out;
  for (const Value& item : list.as_list().items) {
    const std::string key = json_key(item);
    work.take(SchemaWork::kEntry + key.size());
    if (keys.contains(key) == among) out.push_back(item);
  }
  return out;
}

Value common_items(const Value& a, const Value& b, SchemaWork& work) {
  return Value::list(items_among(a, keys_of(b, work), true, work));
}

Value all_items(const Value& a, const Value& b, SchemaWork& work) {
  std::vector<Value> out = a.as_list().items;
  const std::vector<Value> more = items_among(b, keys_of(a, work), false, work);
  out.insert(out.end(), more.begin(), more.end());
  return Value::list(std::move(out));
}

// How many schemas, one after the other, were brought to where this one is.
int met(const Value& schema) {
  int out = 1;
  for (const Value* at = &schema; out < kMostMet && at->is_map() && at->as_map().entries.size() == 1; ++out) {
    const Value* parts = at->find("allOf");
    if (parts == nullptr || !parts->is_list() || parts->as_list().items.empty()) break;
    at = &parts->as_list().items[0];
  }
  return out;
}

// {"allOf": [a, b]}: merged where it is compiled.
Result<Value> both(const Value& a, const Value& b, std::string_view path, SchemaWork& work) {
  if (same_json(a, b, work)) return a;
  if (met(a) >= kMostMet) {
    return schema_error(Code::over_budget, "allOf", path, "more than " + std::to_string(kMostMet) + " schemas must hold at once");
  }
  return Value::map({{"allOf", Value::list({a, b})}});
}

Result<Value> both_properties(const Value& a, const Value& b, std::string_view path, SchemaWork& work) {
  Value out = Value::map();
  work.take(SchemaWork::kEntry * (a.as_map().entries.size() + b.as_map().entries.size()));
  for (const auto& entry : a.as_map().entries) {
    const std::string& key = entry.key.as_text().bytes();
    Value joined = entry.value;
    if (const Value* other = b.find(key)) {
      SLUICE_TRY(joined, both(entry.value, *other, path, work));
    }
    out.set(key, std::move(joined));
  }
  for (const auto& entry : b.as_map().entries) {
    const std::string& key = entry.key.as_text().bytes();
    if (a.find(key) == nullptr) out.set(key, entry.value);
  }
  return out;
}

Result<Value> both_of(std::string_view key, const Value& x, const Value& y, std::string_view path, SchemaWork& work) {
  const bool lists = x.is_list() && y.is_list(), maps = x.is_map() && y.is_map();
  const bool numbers = x.is_number() && y.is_number();
  if (key == "enum" && lists) return common_items(x, y, work);
  if (key == "required" && lists) return all_items(x, y, work);
  if (key == "properties" && maps) return both_properties(x, y, path, work);
  if (key.starts_with("min") && numbers) return x.as_real() >= y.as_real() ? x : y;
  if (key.starts_with("max") && numbers) return x.as_real() <= y.as_real() ? x : y;
  if (key == "exclusiveMinimum" && numbers) return x.as_real() >= y.as_real() ? x : y;
  if (key == "exclusiveMaximum" && numbers) return x.as_real() <= y.as_real() ? x : y;
  if (key == "items" || key == "additionalProperties") return both(x, y, path, work);
  return clash(key, path);
}

// A schema that closes its properties says something about those that only the other one declares.
Status check_closed(const Value& a, const Value& b, std::string_view path, SchemaWork& work) {
  const Value *rest = a.find("additionalProperties"), *other = b.find("properties"), *own = a.find("properties");
  if (rest == nullptr || other == nullptr || !other->is_map()) return {};
  if (rest->is(Value::Kind::boolean) && rest->as_bool()) return {};
  work.take(SchemaWork::kEntry * other->as_map().entries.size());
  for (const auto& entry : other->as_map().entries) {
    const bool declared = own != nullptr && own->is_map() && own->find(entry.key.as_text().view()) != nullptr;
    if (!declared) return clash("additionalProperties", path);
  }
  return {};
}

}  // namespace

Result<Value> merge_schemas(const Value& a, const Value& b, std::string_view path, SchemaWork& work) {
  SLUICE_TRY_VOID(check_closed(a, b, path, work));
  SLUICE_TRY_VOID(check_closed(b, a, path, work));
  Value out = Value::map();
  for (const auto& entry : a.as_map().entries) out.set(entry.key.as_text().view(), entry.value);
  for (const auto& entry : b.as_map().entries) {
    const std::string& key = entry.key.as_text().bytes();
    const Value* mine = a.find(key);
    if (mine == nullptr || same_json(*mine, entry.value, work)) {
      out.set(key, entry.value);
    } else if (key == "type") {
      SLUICE_TRY(Value types, both_types(a, b, path));
      out.set(key, std::move(types));
    } else {
      SLUICE_TRY(Value joined, both_of(key, *mine, entry.value, path, work));
      out.set(key, std::move(joined));
    }
  }
  if (work.spent()) return schema_error(Code::over_budget, "allOf", path, "there is too much to bring together");
  return out;
}

}  // namespace sluice::text
