// Work on sequences that filters and methods share: sorting, filling mappings, dotted attribute paths.
#pragma once

#include <vector>

#include "sluice/status.h"
#include "text/template_builtin.h"

namespace sluice::text {

// items ordered by keys[i], stable, also when reversed. Safe for orders that contradict themselves (NaN).
// Errors: invalid when two keys cannot be compared. REQUIRES: as many keys as items.
Result<std::vector<Value>> sort_by_keys(Runtime& runtime, const std::vector<Value>& items,
                                        const std::vector<Value>& keys, bool reversed);

// As Python's dict(...) and dict.update: a mapping or pairs, then the named arguments.
Status fill_map(Runtime& runtime, const Value& map, const Arguments& arguments);

// item.a.b for the path "a.b" (digits index); the path may be an integer too.
Result<Value> follow_path(Runtime& runtime, const Value& item, const Value& path);

// The key Jinja2 sorts and compares by: the attribute if a path is given, in lower case if asked.
Result<Value> sort_key(Runtime& runtime, const Value& item, const Value& path, bool ignore_case);

// `one | name(arguments)` and `one is name(arguments)`. Errors: unsupported (no such filter or test).
Result<Value> apply_filter(Runtime& runtime, std::string_view name, const Value& one, Arguments arguments);
Result<bool> apply_test(Runtime& runtime, std::string_view name, const Value& one, Arguments arguments);

// Null when there is no such filter, test, global.
const Builtin* find_filter(std::string_view name);
const Builtin* find_test(std::string_view name);

std::span<const Builtin> text_filters();
std::span<const Builtin> number_filters();
std::span<const Builtin> list_filters();
std::span<const Builtin> selection_filters();
std::span<const Builtin> global_functions();

}  // namespace sluice::text
