#include <fmt/format.h>

#include "store/model_files.h"
#include "store/names.h"

namespace sluice::store {
namespace {

std::string_view type_name(const Metadata::Value& value) {
  static constexpr std::string_view kNames[] = {"a boolean",         "an integer",         "a number",
                                                "a string",          "a list of booleans", "a list of integers",
                                                "a list of numbers", "a list of strings"};
  return kNames[value.index()];
}

Error missing(std::string_view key) {
  return Error{Code::not_found, fmt::format("key {} is missing", shown(key))};
}

Error mistyped(std::string_view key, const Metadata::Value& value, std::string_view asked) {
  return Error{Code::corrupt, fmt::format("key {} is {}, expected {}", shown(key), type_name(value), asked)};
}

}  // namespace

const Metadata::Value* Metadata::find(std::string_view key) const {
  const auto it = values_.find(key);
  return it == values_.end() ? nullptr : &it->second;
}

Result<int64_t> Metadata::integer(std::string_view key) const {
  const Value* value = find(key);
  if (!value) return missing(key);
  if (const auto* n = std::get_if<int64_t>(value)) return *n;
  return mistyped(key, *value, "an integer");
}

Result<double> Metadata::real(std::string_view key) const {
  const Value* value = find(key);
  if (!value) return missing(key);
  if (const auto* n = std::get_if<int64_t>(value)) return static_cast<double>(*n);
  if (const auto* x = std::get_if<double>(value)) return *x;
  return mistyped(key, *value, "a number");
}

Result<std::string> Metadata::text(std::string_view key) const {
  const Value* value = find(key);
  if (!value) return missing(key);
  if (const auto* s = std::get_if<std::string>(value)) return *s;
  return mistyped(key, *value, "a string");
}

Result<int64_t> Metadata::integer_or(std::string_view key, int64_t fallback) const {
  return has(key) ? integer(key) : fallback;
}

Result<double> Metadata::real_or(std::string_view key, double fallback) const {
  return has(key) ? real(key) : fallback;
}

Result<bool> Metadata::boolean_or(std::string_view key, bool fallback) const {
  const Value* value = find(key);
  if (!value) return fallback;
  if (const auto* b = std::get_if<bool>(value)) return *b;
  return mistyped(key, *value, "a boolean");
}

Result<std::string> Metadata::text_or(std::string_view key, std::string fallback) const {
  return has(key) ? text(key) : Result<std::string>(std::move(fallback));
}

}  // namespace sluice::store
