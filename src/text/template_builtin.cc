#include "text/template_builtin.h"

#include <algorithm>

#include "text/template_operators.h"

namespace sluice::text {
namespace {

std::vector<std::string_view> words(std::string_view list) {
  std::vector<std::string_view> out;
  while (!list.empty()) {
    const size_t end = std::min(list.find(' '), list.size());
    out.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

Error refuse(const Builtin& builtin, const std::string& why) {
  return {Code::invalid, std::string(builtin.name) + "(): " + why};
}

Result<Arguments> bind(const Builtin& builtin, Arguments given) {
  const std::vector<std::string_view> names = words(builtin.parameters);
  if (given.positional.size() > names.size()) {
    return refuse(builtin, "takes at most " + std::to_string(names.size()) + " arguments");
  }
  std::vector<bool> present(names.size(), false);
  for (size_t i = 0; i < given.positional.size(); ++i) present[i] = true;
  static const Value kAbsent = Value::undefined("an argument not given");
  given.positional.resize(names.size(), kAbsent);
  for (auto& [name, value] : given.named) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return refuse(builtin, "has no argument '" + name + "'");
    const size_t i = static_cast<size_t>(found - names.begin());
    if (present[i]) return refuse(builtin, "argument '" + name + "' is given twice");
    present[i] = true;
    given.positional[i] = std::move(value);
  }
  for (size_t i = 0; i < builtin.required; ++i) {
    if (!present[i]) return refuse(builtin, "needs argument '" + std::string(names[i]) + "'");
  }
  given.named.clear();
  return given;
}

Result<Value> bind_and_run(Runtime& runtime, const Builtin& builtin, const Value& self, Arguments arguments) {
  if (builtin.parameters == "*") return builtin.run(runtime, self, arguments);
  SLUICE_TRY(const Arguments bound, bind(builtin, std::move(arguments)));
  return builtin.run(runtime, self, bound);
}

}  // namespace

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name) {
  for (const Builtin& builtin : table) {
    if (builtin.name == name) return &builtin;
  }
  return nullptr;
}

Result<Value> run_builtin(Runtime& runtime, const Builtin& builtin, const Value& self, Arguments arguments) {
  SLUICE_TRY_VOID(runtime.budget().step());
  SLUICE_TRY_VOID(runtime.budget().enter());
  Result<Value> out = bind_and_run(runtime, builtin, self, std::move(arguments));
  runtime.budget().leave();
  return out;
}

bool has_argument(const Arguments& arguments, size_t i) {
  return !arguments.positional[i].is_undefined();
}

Result<int64_t> integer_argument(const Arguments& arguments, size_t i, int64_t fallback) {
  const Value& value = arguments.positional[i];
  if (value.is_undefined() || value.is_none()) return fallback;
  if (!value.is_integral()) return Error{Code::invalid, "argument " + std::to_string(i + 1) + " must be an integer"};
  return value.as_integer();
}

Result<Text> text_argument(Runtime& runtime, const Arguments& arguments, size_t i) {
  const Value& value = arguments.positional[i];
  if (value.is_string()) {
    SLUICE_TRY_VOID(runtime.budget().step(value.as_text().size() / 256));
    return value.as_text();
  }
  return Error{Code::invalid,
               "argument " + std::to_string(i + 1) + " must be a string, not '" + std::string(type_name(value)) + "'"};
}

bool flag_argument(const Arguments& arguments, size_t i, bool fallback) {
  return has_argument(arguments, i) ? truthy(arguments.positional[i]) : fallback;
}

}  // namespace sluice::text
