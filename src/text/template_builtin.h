// How functions built into the engine (filters, tests, methods, globals) are described and how they read arguments.
#pragma once

#include <span>
#include <string_view>

#include "sluice/status.h"
#include "text/template_runtime.h"

namespace sluice::text {

struct Builtin {
  std::string_view name;
  std::string_view parameters;  // names in order, blank-separated; "*": the function takes what it is given
  size_t required;
  Result<Value> (*run)(Runtime&, const Value& self, const Arguments&);
};

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name);

// Orders the arguments by the builtin's parameters, the absent ones undefined, and runs it. Errors also: invalid
// (arguments that do not fit the parameters).
Result<Value> run_builtin(Runtime& runtime, const Builtin& builtin, const Value& self, Arguments arguments);

// Argument i as a type; a text is paid for by its size. An absent one gives the fallback, none too where a fallback is
// taken. REQUIRES: bound arguments.
Result<int64_t> integer_argument(const Arguments& arguments, size_t i, int64_t fallback);
Result<Text> text_argument(Runtime& runtime, const Arguments& arguments, size_t i);
bool flag_argument(const Arguments& arguments, size_t i, bool fallback);
bool has_argument(const Arguments& arguments, size_t i);

}  // namespace sluice::text
