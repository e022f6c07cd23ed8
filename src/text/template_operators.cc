#include "text/template_operators.h"

#include <cstring>

#include "text/template_print.h"
#include "text/template_strings.h"

namespace sluice::text {
namespace {

Error too_deep() {
  return {Code::over_budget, "containers nested deeper than " + std::to_string(kMaxValueDepth)};
}

Result<bool> content_below(Runtime& runtime, const Value& value, int depth) {
  SLUICE_TRY_VOID(runtime.budget().step());
  if (depth > kMaxValueDepth) return too_deep();
  if (value.is_list()) {
    for (const Value& item : value.as_list().items) {
      SLUICE_TRY(const bool found, content_below(runtime, item, depth + 1));
      if (found) return true;
    }
    return false;
  }
  if (!value.is_map()) return value.origin() == Origin::content;
  for (const Map::Entry& entry : value.as_map().entries) {
    if (entry.key.origin() == Origin::content) return true;
    SLUICE_TRY(const bool found, content_below(runtime, entry.value, depth + 1));
    if (found) return true;
  }
  return false;
}

Result<bool> equal_lists(Runtime& runtime, const List& a, const List& b, int depth) {
  if (a.kind != b.kind || a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    SLUICE_TRY(const bool same, equal(runtime, a.items[i], b.items[i], depth + 1));
    if (!same) return false;
  }
  return true;
}

Result<bool> equal_maps(Runtime& runtime, const Map& a, Map& b, int depth) {
  if (a.is_namespace || b.is_namespace) return &a == &b;
  if (a.entries.size() != b.entries.size()) return false;
  for (const Map::Entry& entry : a.entries) {
    const Map::Entry* other = b.find_id(entry.id);
    if (other == nullptr) return false;
    SLUICE_TRY(const bool same, equal(runtime, entry.value, other->value, depth + 1));
    if (!same) return false;
  }
  return true;
}

bool equal_numbers(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.as_integer() == b.as_integer();
  if (a.is(Value::Kind::big_integer) && b.is(Value::Kind::big_integer)) return a.as_text().view() == b.as_text().view();
  return a.as_real() == b.as_real();
}

}  // namespace

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::undefined:
      return "Undefined";
    case Value::Kind::none:
      return "NoneType";
    case Value::Kind::boolean:
      return "bool";
    case Value::Kind::integer:
    case Value::Kind::big_integer:
      return "int";
    case Value::Kind::real:
      return "float";
    case Value::Kind::string:
      return "str";
    case Value::Kind::map:
      return value.as_map().is_namespace ? "Namespace" : "dict";
    case Value::Kind::object:
      return value.as_object().type_name();
    case Value::Kind::list:
      break;
  }
  constexpr std::string_view kNames[] = {"list", "tuple", "generator", "dict_keys", "dict_values", "dict_items"};
  return kNames[static_cast<size_t>(value.as_list().kind)];
}

bool truthy(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::undefined:
    case Value::Kind::none:
      return false;
    case Value::Kind::boolean:
    case Value::Kind::integer:
      return value.as_integer() != 0;
    case Value::Kind::real:
      return value.as_real() != 0;
    case Value::Kind::string:
      return !value.as_text().empty();
    case Value::Kind::list:
      return value.as_list().kind == ListKind::generator || !value.as_list().items.empty();
    case Value::Kind::map:
      return value.as_map().is_namespace || !value.as_map().entries.empty();
    case Value::Kind::big_integer:
    case Value::Kind::object:
      break;
  }
  return true;
}

Result<bool> holds_content(Runtime& runtime, const Value& value) {
  return content_below(runtime, value, 0);
}

Result<bool> equal(Runtime& runtime, const Value& a, const Value& b, int depth) {
  SLUICE_TRY_VOID(runtime.budget().step());
  if (depth > kMaxValueDepth) return too_deep();
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
  if (a.kind() != b.kind()) return false;
  if (a.is_string()) {
    SLUICE_TRY_VOID(runtime.budget().step(a.as_text().size() / 256));
    return a.as_text().view() == b.as_text().view();
  }
  if (a.is_list()) return equal_lists(runtime, a.as_list(), b.as_list(), depth);
  if (a.is_map()) return equal_maps(runtime, a.as_map(), b.as_map(), depth);
  if (a.is(Value::Kind::object)) return &a.as_object() == &b.as_object();
  return true;  // none, undefined
}

Result<bool> less(Runtime& runtime, const Value& a, const Value& b, int depth) {
  SLUICE_TRY_VOID(runtime.budget().step());
  if (depth > kMaxValueDepth) return too_deep();
  if (a.is_integral() && b.is_integral()) return a.as_integer() < b.as_integer();
  if (a.is_number() && b.is_number()) return a.as_real() < b.as_real();
  if (a.is_string() && b.is_string()) {
    SLUICE_TRY_VOID(runtime.budget().step(std::min(a.as_text().size(), b.as_text().size()) / 256));
    return a.as_text().view() < b.as_text().view();  // UTF-8 sorts as its code points do
  }
  if (a.is_list() && b.is_list() && a.as_list().kind == b.as_list().kind) {
    const std::vector<Value>& left = a.as_list().items;
    const std::vector<Value>& right = b.as_list().items;
    for (size_t i = 0; i < left.size() && i < right.size(); ++i) {
      SLUICE_TRY(const bool same, equal(runtime, left[i], right[i], depth + 1));
      if (!same) return less(runtime, left[i], right[i], depth + 1);
    }
    return left.size() < right.size();
  }
  if (a.is_undefined()) return Error{Code::invalid, a.as_text().bytes()};
  if (b.is_undefined()) return Error{Code::invalid, b.as_text().bytes()};
  return Error{Code::invalid,
               "cannot order '" + std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "'"};
}

Result<bool> contains(Runtime& runtime, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) {
      return Error{Code::invalid, "'in' on a string needs a string, not '" + std::string(type_name(item)) + "'"};
    }
    SLUICE_TRY_VOID(runtime.budget().step(container.as_text().size() / 64));
    return find_bytes(container.as_text().view(), item.as_text().view(), 0) != std::string_view::npos;
  }
  if (container.is_map()) {
    SLUICE_TRY(const std::string id, key_id(runtime, item));
    return container.as_map().find_id(id) != nullptr;
  }
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, container));
  for (const Value& candidate : items) {
    SLUICE_TRY(const bool same, equal(runtime, candidate, item));
    if (same) return true;
  }
  return false;
}

Result<bool> compare(Runtime& runtime, CompareOp op, const Value& a, const Value& b) {
  const auto inverted = [](Result<bool> result) -> Result<bool> {
    SLUICE_TRY(const bool value, std::move(result));
    return !value;
  };
  const auto or_equal = [&](const Value& low, const Value& high) -> Result<bool> {
    SLUICE_TRY(const bool strictly, less(runtime, low, high));
    if (strictly) return true;
    return equal(runtime, a, b);
  };
  switch (op) {
    case CompareOp::equal:
      return equal(runtime, a, b);
    case CompareOp::not_equal:
      return inverted(equal(runtime, a, b));
    case CompareOp::less:
      return less(runtime, a, b);
    case CompareOp::greater:
      return less(runtime, b, a);
    case CompareOp::less_equal:
      return or_equal(a, b);
    case CompareOp::greater_equal:
      return or_equal(b, a);
    case CompareOp::in:
      return contains(runtime, b, a);
    case CompareOp::not_in:
      break;
  }
  return inverted(contains(runtime, b, a));
}

Result<std::string> key_id(Runtime& runtime, const Value& key, int depth) {
  if (depth > kMaxValueDepth) return too_deep();
  if (key.is_string()) {
    SLUICE_TRY_VOID(runtime.budget().step(key.as_text().size() / 64));
    return Map::string_id(key.as_text().view());
  }
  if (key.is_integral()) return "n" + std::to_string(key.as_integer());
  if (key.is(Value::Kind::big_integer)) return "n" + key.as_text().bytes();
  if (key.is(Value::Kind::real)) {
    const double v = key.as_real();
    if (v >= -9e15 && v <= 9e15 && static_cast<double>(static_cast<int64_t>(v)) == v) {
      return "n" + std::to_string(static_cast<int64_t>(v));
    }
    return "f" + python_float(v);
  }
  if (key.is_none()) return std::string("0");
  if (key.is_undefined()) return std::string("u");
  if (key.is_list() && key.as_list().kind == ListKind::tuple) {
    std::string id = "t";
    for (const Value& item : key.as_list().items) {
      SLUICE_TRY(const std::string part, key_id(runtime, item, depth + 1));
      if (id.size() + part.size() > kMaxOutputBytes / 64) return Error{Code::over_budget, "a mapping key is too large"};
      id += std::to_string(part.size()) + ":" + part;
    }
    return id;
  }
  return Error{Code::invalid, "unhashable type '" + std::string(type_name(key)) + "' as a mapping key"};
}

}  // namespace sluice::text
