// Python's operators on Values, as Jinja2 applies them: truth, equality, order, membership, arithmetic, indexing.
// Errors: invalid (a type or a value that the operation refuses), over_budget (values too deep, too large, too costly).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/template_runtime.h"

namespace sluice::text {

enum class BinaryOp { add, subtract, multiply, divide, floor_divide, modulo, power, concat };
enum class CompareOp { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };

// Python's name of the type, for messages: "str", "dict", "Undefined".
std::string_view type_name(const Value& value);

bool truthy(const Value& value);
// True if any string or number inside comes from the conversation.
Result<bool> holds_content(Runtime& runtime, const Value& value);

Result<bool> equal(Runtime& runtime, const Value& a, const Value& b, int depth = 0);
Result<bool> less(Runtime& runtime, const Value& a, const Value& b, int depth = 0);
Result<bool> contains(Runtime& runtime, const Value& container, const Value& item);
Result<bool> compare(Runtime& runtime, CompareOp op, const Value& a, const Value& b);

Result<Value> binary(Runtime& runtime, BinaryOp op, const Value& a, const Value& b);
Result<Value> negate(const Value& value);

// What `for` walks over: items, characters, keys. Reading a generator empties it.
Result<std::vector<Value>> iterate(Runtime& runtime, const Value& value);
// Errors when Python's len() would.
Result<int64_t> length(const Value& value);

// object[key], then object.key; undefined when there is neither.
Result<Value> subscript(Runtime& runtime, const Value& object, const Value& key);
// object.name (a method wins over a key), then object["name"].
Result<Value> attribute(Runtime& runtime, const Value& object, std::string_view name);
// Absent bounds are none.
Result<Value> slice(Runtime& runtime, const Value& object, const Value& start, const Value& stop, const Value& step);

// A mapping key's identity (Map::Entry::id). Errors: invalid when unhashable.
Result<std::string> key_id(Runtime& runtime, const Value& key, int depth = 0);

}  // namespace sluice::text
