// JSON Schemas as data: what their keywords are, and several schemas made one.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/value.h"

namespace sluice::text {

constexpr std::string_view kSchemaTypes[] = {"object", "array", "string", "number", "integer", "boolean", "null"};

// "keyword "not" at #/properties/x: is not supported".
Error schema_error(Code code, std::string_view keyword, std::string_view path, std::string_view what);
std::string below(std::string_view path, std::string_view key);  // the path of a member

// Refuses keywords that are neither honoured nor only descriptive, by name.
Status check_keywords(const Value& schema, std::string_view path);
// Says nothing about which instances are valid.
bool is_descriptive(std::string_view keyword);
// The same without what is descriptive.
Value without_descriptions(const Value& schema);

// What may still be done to bring the parts of a schema together: bytes of JSON looked at, about.
class SchemaWork {
 public:
  static constexpr size_t kEntry = 64;  // to copy an entry of a list or map, or to find one
  void take(size_t work) { left_ -= std::min(left_, work); }
  bool spent() const { return left_ == 0; }

 private:
  size_t left_ = size_t{1} << 28;
};
// The same for two values exactly where they are the same JSON, whatever the order of keys and the spelling of numbers.
std::string json_key(const Value& value);
// False when the work runs out.
bool same_json(const Value& a, const Value& b, SchemaWork& work);

// The types a schema allows by "type", all when it does not say. Errors: corrupt.
Result<std::vector<std::string>> types_of(const Value& schema, std::string_view path);
// What an instance's type is; "integer" for numbers without fraction.
std::string_view type_of(const Value& instance);

constexpr int kMostMet = 256;

// A schema that is as strict as both together. REQUIRES: two maps without $ref, allOf and descriptions. Errors:
// unsupported, naming the keyword on which they cannot be brought together; over_budget (the work runs out, or more schemas
// meet in one place than kMostMet).
Result<Value> merge_schemas(const Value& a, const Value& b, std::string_view path, SchemaWork& work);

}  // namespace sluice::text
