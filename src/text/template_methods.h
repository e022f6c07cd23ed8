// Methods of strings, lists, tuples and mappings.
#pragma once

#include <span>
#include <string_view>

#include "sluice/status.h"
#include "text/template_builtin.h"

namespace sluice::text {

std::span<const Builtin> string_methods();
std::span<const Builtin> string_tests();  // isdigit and its family, and the padding methods
std::span<const Builtin> list_methods();
std::span<const Builtin> tuple_methods();
std::span<const Builtin> map_methods();

// The method of that name of the object's type; null when there is none.
const Builtin* find_method(const Value& object, std::string_view name);
// object.method as a value, not yet called.
Value bound_method(Runtime& runtime, const Value& object, const Builtin& method);

}  // namespace sluice::text
