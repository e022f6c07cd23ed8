// JSON Schemas as data: what their keywords are, and several schemas made one.
#pragma once

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
bool same_json(const Value& a, const Value& b);

// The types a schema allows by "type", all when it does not say. Errors: corrupt.
Result<std::vector<std::string>> types_of(const Value& schema, std::string_view path);
// What an instance's type is; "integer" for numbers without fraction.
std::string_view type_of(const Value& instance);

// A schema that is as strict as both together. REQUIRES: two maps without $ref, allOf and descriptions. Errors:
// unsupported, naming the keyword on which they cannot be brought together.
Result<Value> merge_schemas(const Value& a, const Value& b, std::string_view path);

}  // namespace sluice::text
