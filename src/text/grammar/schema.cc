// References, alternatives and types: which nodes a schema is made of.
#include "text/grammar/schema.h"

#include <algorithm>

#include "text/grammar/schema_values.h"

namespace sluice::text {
namespace {

constexpr size_t kMostSchemas = 20'000;  // looked at while one is compiled
constexpr int kMostHops = 40;            // of $ref, allOf and anyOf without anything between

const Value* open_choice(const Value& schema, std::string& keyword) {
  for (const char* name : {"anyOf", "oneOf"}) {
    if (const Value* found = schema.find(name)) {
      keyword = name;
      return found;
    }
  }
  return nullptr;
}

Value without(const Value& schema, std::string_view keyword) {
  Value out = Value::map();
  for (const auto& entry : schema.as_map().entries) {
    if (entry.key.as_text().view() != keyword) out.set(entry.key.as_text().view(), entry.value);
  }
  return out;
}

// OpenAPI's word for a further type.
void take_nullable(Value& schema) {
  const Value* nullable = schema.find("nullable");
  if (nullable == nullptr) return;
  const Value* type = schema.find("type");
  const bool yes = nullable->is(Value::Kind::boolean) && nullable->as_bool();
  if (yes && type != nullptr) {
    const Value types = type->is_list() ? Value::list(type->as_list().items) : Value::list({*type});
    types.push(Value::string("null"));
    schema.set("type", types);
  }
  schema = without(schema, "nullable");
}

Result<std::string> unescaped(std::string_view part, const std::string& path) {
  std::string out;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] == '%') return schema_error(Code::unsupported, "$ref", path, "percent signs are not supported");
    if (part[i] != '~') {
      out += part[i];
      continue;
    }
    const char next = ++i < part.size() ? part[i] : '\0';
    if (next != '0' && next != '1') return schema_error(Code::corrupt, "$ref", path, "is not a JSON pointer");
    out += next == '0' ? '~' : '/';
  }
  return out;
}

const Value* member(const Value& of, const std::string& name) {
  if (of.is_map()) return of.find(name);
  const bool index = !name.empty() && name.size() < 6 && name.find_first_not_of("0123456789") == name.npos;
  if (!of.is_list() || !index) return nullptr;
  const auto at = static_cast<size_t>(std::stoi(name));
  return at < of.as_list().items.size() ? &of.as_list().items[at] : nullptr;
}

}  // namespace

// A schema is copied and looked through a few times: its entries and the items of their lists.
Status SchemaCompiler::spend(const Value& schema, const std::string& path) {
  work_.take(SchemaWork::kEntry);
  if (schema.is_map()) {
    for (const auto& entry : schema.as_map().entries) {
      work_.take(SchemaWork::kEntry * (entry.value.is_list() ? entry.value.as_list().items.size() + 1 : 1));
    }
  }
  if (++spent_ > kMostSchemas || work_.spent() || g_.overflowed()) return schema_error(Code::over_budget, "schema", path, "the schema is too large");
  return {};
}

Result<const Value*> SchemaCompiler::find(const std::string& pointer, const std::string& path) const {
  if (!pointer.starts_with('#')) return schema_error(Code::unsupported, "$ref", path, "only references inside the schema (#/...) are supported");
  const Value* at = &root_;
  std::string_view rest = std::string_view(pointer).substr(1);
  while (!rest.empty()) {
    if (rest[0] != '/') return schema_error(Code::unsupported, "$ref", path, "names of schemas are not supported, only #/...");
    const size_t end = std::min(rest.find('/', 1), rest.size());
    SLUICE_TRY(const std::string name, unescaped(rest.substr(1, end - 1), path));
    at = member(*at, name);
    if (at == nullptr) return schema_error(Code::invalid, "$ref", path, "there is nothing at that place");
    rest.remove_prefix(end);
  }
  return at;
}

Result<NodeId> SchemaCompiler::reference(const std::string& pointer, const std::string& path) {
  if (const auto known = references_.find(pointer); known != references_.end()) return g_.call(known->second);
  SLUICE_TRY(const Value* target, find(pointer, path));
  if (references_.size() >= kMostSchemas) return schema_error(Code::over_budget, "$ref", path, "too many references");
  const RuleId rule = g_.declare(pointer);
  references_.emplace(pointer, rule);
  SLUICE_TRY(const NodeId body, compile(*target, pointer));
  g_.define(rule, body);
  return g_.call(rule);
}

Result<Value> SchemaCompiler::flat(const Value& schema, const std::string& path, int depth) {
  SLUICE_TRY_VOID(spend(schema, path));
  if (depth > kMostHops) return schema_error(Code::over_budget, "$ref", path, "refers to itself without end, or nests too deeply");
  if (schema.is(Value::Kind::boolean)) return schema.as_bool() ? Value::map() : Value::map({{"enum", Value::list()}});
  if (!schema.is_map()) return schema_error(Code::corrupt, "schema", path, "must be an object, true or false");
  SLUICE_TRY_VOID(check_keywords(schema, path));
  Value out = without(without(without_descriptions(schema), "$ref"), "allOf");
  take_nullable(out);
  if (const Value* pointer = schema.find("$ref")) {
    if (!pointer->is_string()) return schema_error(Code::corrupt, "$ref", path, "must be a string");
    const std::string name = pointer->as_text().bytes();
    SLUICE_TRY(const Value* target, find(name, path));
    SLUICE_TRY(const Value other, flat(*target, name, depth + 1));
    SLUICE_TRY(out, merge_schemas(out, other, path, work_));
  }
  if (const Value* parts = schema.find("allOf")) {
    if (!parts->is_list()) return schema_error(Code::corrupt, "allOf", path, "must be a list");
    for (const Value& part : parts->as_list().items) {
      SLUICE_TRY(const Value other, flat(part, below(path, "allOf"), depth + 1));
      SLUICE_TRY(out, merge_schemas(out, other, path, work_));
    }
  }
  return out;
}

Result<NodeId> SchemaCompiler::compile(const Value& schema, const std::string& path) {
  SLUICE_TRY_VOID(spend(schema, path));
  if (++depth_ > kMostSchemaDepth) return schema_error(Code::over_budget, "schema", path, "nests too deeply");
  auto out = compile_inside(schema, path);
  --depth_;
  return out;
}

Result<NodeId> SchemaCompiler::compile_inside(const Value& schema, const std::string& path) {
  if (schema.is_map()) {
    const Value bare = without_descriptions(schema);
    const Value* pointer = bare.find("$ref");
    if (pointer != nullptr && pointer->is_string() && bare.as_map().entries.size() == 1) return reference(pointer->as_text().bytes(), path);
  }
  SLUICE_TRY(const Value all, flat(schema, path));
  std::string keyword;
  const Value* alternatives = open_choice(all, keyword);
  if (alternatives == nullptr) return any_of_types(all, path);
  if (!alternatives->is_list()) return schema_error(Code::corrupt, keyword, path, "must be a list");
  const Value rest = without(all, keyword);
  std::vector<NodeId> ways;
  for (const Value& alternative : alternatives->as_list().items) {
    const bool alone = rest.as_map().entries.empty();
    const Value one = alone ? alternative : Value::map({{"allOf", Value::list({rest, alternative})}});
    SLUICE_TRY(const NodeId way, compile(one, below(path, keyword)));
    ways.push_back(way);
  }
  return g_.choice(ways);
}

Result<std::vector<Value>> SchemaCompiler::ways(const Value& schema, const std::string& path, int depth) {
  SLUICE_TRY(const Value all, flat(schema, path, depth));
  std::string keyword;
  const Value* alternatives = open_choice(all, keyword);
  if (alternatives == nullptr) return std::vector<Value>{all};
  if (!alternatives->is_list()) return schema_error(Code::corrupt, keyword, path, "must be a list");
  const Value rest = without(all, keyword);
  std::vector<Value> out;
  for (const Value& alternative : alternatives->as_list().items) {
    const Value one = Value::map({{"allOf", Value::list({rest, alternative})}});
    SLUICE_TRY(const std::vector<Value> some, ways(one, below(path, keyword), depth + 1));
    out.insert(out.end(), some.begin(), some.end());
  }
  return out;
}

}  // namespace sluice::text
