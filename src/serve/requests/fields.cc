#include "serve/requests/fields.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "text/quote.h"

namespace sluice::serve {

using text::Value;

const Value* Fields::any(std::string_view name) {
  known_.emplace(name);
  const Value* value = object_.find(name);
  return value == nullptr || value->is_none() ? nullptr : value;
}

const Value* Fields::list(std::string_view name) {
  const Value* value = any(name);
  if (value == nullptr || value->is_list()) return value;
  wrong(name, "must be a list");
  return nullptr;
}

const Value* Fields::map(std::string_view name) {
  const Value* value = any(name);
  if (value == nullptr || value->is_map()) return value;
  wrong(name, "must be an object");
  return nullptr;
}

std::optional<std::string> Fields::string(std::string_view name) {
  const Value* value = any(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->as_text().bytes();
  wrong(name, "must be a string");
  return std::nullopt;
}

std::optional<bool> Fields::boolean(std::string_view name) {
  const Value* value = any(name);
  if (value == nullptr) return std::nullopt;
  if (value->is(Value::Kind::boolean)) return value->as_bool();
  wrong(name, "must be true or false");
  return std::nullopt;
}

std::optional<double> Fields::number(std::string_view name, double least, double most) {
  const Value* value = any(name);
  if (value == nullptr) return std::nullopt;
  const bool number = value->is_number() && !value->is(Value::Kind::boolean);
  if (number && value->as_real() >= least && value->as_real() <= most) return value->as_real();
  wrong(name, fmt::format("must be a number from {} to {}", least, most));
  return std::nullopt;
}

std::optional<int64_t> Fields::integer(std::string_view name, int64_t least, int64_t most) {
  const Value* value = any(name);
  if (value == nullptr) return std::nullopt;
  std::optional<int64_t> number;
  if (value->is(Value::Kind::integer)) number = value->as_integer();
  // JavaScript writes 1e3 and 5.0 for whole numbers too.
  if (value->is(Value::Kind::real) && value->as_real() == std::floor(value->as_real()) && std::abs(value->as_real()) < 9e15) {
    number = static_cast<int64_t>(value->as_real());
  }
  if (number && *number >= least && *number <= most) return number;
  wrong(name, most == INT64_MAX ? fmt::format("must be a whole number, at least {}", least) : fmt::format("must be a whole number from {} to {}", least, most));
  return std::nullopt;
}

std::string Fields::one_of(std::string_view name, std::initializer_list<std::string_view> choices) {
  const auto value = string(name);
  if (!value) return "";
  if (std::find(choices.begin(), choices.end(), *value) != choices.end()) return *value;
  wrong(name, fmt::format("{} is not known; it may be {}", text::quote_text(*value), fmt::join(choices, ", ")));
  return "";
}

void Fields::accept(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) known_.emplace(name);
}

void Fields::refuse(std::string_view name, std::string_view why) {
  const Value* value = any(name);
  if (value == nullptr) return;
  const bool empty = (value->is(Value::Kind::boolean) && !value->as_bool()) || (value->is_list() && value->as_list().items.empty()) ||
                     (value->is_map() && value->as_map().entries.empty());
  if (!empty) wrong(name, std::string(why), Code::unsupported);
}

void Fields::wrong(std::string_view name, std::string message, Code code) {
  if (error_) return;
  error_ = Error{code, name.empty() ? std::move(message) : fmt::format("{}{}: {}", where_, name, message)};
}

Status Fields::finish() {
  if (error_) return *error_;
  for (const auto& entry : object_.as_map().entries) {
    const std::string& name = entry.key.as_text().bytes();
    if (known_.contains(name) || entry.value.is_none()) continue;
    const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
    return Error{Code::unsupported, fmt::format("{}{}: this field is not known here; leave it out", where_, plain ? name : text::quote_text(name))};
  }
  return {};
}

Result<Value> parse_body(std::string_view body) {
  constexpr uint64_t kMostValues = 400'000;
  auto parsed = text::parse_json(body, kMostValues);
  if (!parsed.ok()) return Error{Code::invalid, "the body: " + parsed.error().message};
  if (!parsed->is_map()) return Error{Code::invalid, "the body must be a JSON object"};
  return parsed;
}

}  // namespace sluice::serve
