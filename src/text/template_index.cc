// The indexing half of template_operators.h: iteration, length, items, attributes, slices.
#include <algorithm>

#include "text/quote.h"
#include "text/template_methods.h"
#include "text/template_operators.h"
#include "text/template_strings.h"

namespace sluice::text {
namespace {

bool indexable(const List& list) {
  return list.kind == ListKind::list || list.kind == ListKind::tuple;
}

Value missing(const Value& object, std::string_view name) {
  return Value::undefined("'" + std::string(type_name(object)) + " object' has no attribute " + quote_text(name));
}

// Python's rule for negative and excessive positions.
Result<int64_t> bound(const Value& value, int64_t fallback, int64_t low, int64_t high, int64_t size) {
  if (value.is_none()) return fallback;
  if (!value.is_integral()) return Error{Code::invalid, "slice bounds must be integers"};
  const int64_t at = value.as_integer();
  return std::clamp(at < 0 ? at + size : at, low, high);
}

Result<std::vector<size_t>> slice_positions(int64_t size, const Value& start, const Value& stop, const Value& step) {
  int64_t stride = 1;
  if (!step.is_none()) {
    if (!step.is_integral()) return Error{Code::invalid, "a slice step must be an integer"};
    stride = step.as_integer();
    if (stride == 0) return Error{Code::invalid, "a slice step must not be zero"};
    stride = std::clamp(stride, -size - 1, size + 1);
  }
  const bool back = stride < 0;
  const int64_t low = back ? -1 : 0;
  const int64_t high = back ? size - 1 : size;
  SLUICE_TRY(const int64_t first, bound(start, back ? high : low, low, high, size));
  SLUICE_TRY(const int64_t last, bound(stop, back ? low : high, low, high, size));
  std::vector<size_t> positions;
  for (int64_t i = first; back ? i > last : i < last; i += stride) positions.push_back(static_cast<size_t>(i));
  return positions;
}

Result<Value> item_at(Runtime& runtime, const Value& object, int64_t index) {
  const auto undefined = [&] { return missing(object, std::to_string(index)); };
  if (object.is_list()) {
    const List& list = object.as_list();
    if (!indexable(list)) return undefined();
    const int64_t size = static_cast<int64_t>(list.items.size());
    if (index < 0) index += size;
    if (index < 0 || index >= size) return undefined();
    return list.items[static_cast<size_t>(index)];
  }
  const Text& text = object.as_text();
  SLUICE_TRY_VOID(runtime.budget().step(text.size() / 16));
  const std::vector<size_t> at = boundaries(text.view());
  const int64_t size = static_cast<int64_t>(at.size()) - 1;
  if (index < 0) index += size;
  if (index < 0 || index >= size) return undefined();
  return runtime.string(text.slice(at[static_cast<size_t>(index)], at[static_cast<size_t>(index) + 1]));
}

}  // namespace

Result<std::vector<Value>> iterate(Runtime& runtime, const Value& value) {
  std::vector<Value> out;
  if (value.is_undefined()) return out;
  if (value.is_list()) {
    List& list = value.as_list();
    SLUICE_TRY_VOID(runtime.budget().step(list.items.size()));
    if (list.kind != ListKind::generator) return list.items;
    out.swap(list.items);
    return out;
  }
  if (value.is_map() && !value.as_map().is_namespace) {
    SLUICE_TRY_VOID(runtime.budget().step(value.as_map().entries.size()));
    for (const Map::Entry& entry : value.as_map().entries) out.push_back(entry.key);
    return out;
  }
  if (value.is_string()) {
    const Text& text = value.as_text();
    SLUICE_TRY_VOID(runtime.budget().step(text.size()));
    const std::vector<size_t> at = boundaries(text.view());
    for (size_t i = 0; i + 1 < at.size(); ++i) out.push_back(runtime.string(text.slice(at[i], at[i + 1])));
    SLUICE_TRY_VOID(runtime.budget().step());
    return out;
  }
  return Error{Code::invalid, "'" + std::string(type_name(value)) + "' is not iterable"};
}

Result<int64_t> length(const Value& value) {
  if (value.is_undefined()) return int64_t{0};
  if (value.is_string()) return static_cast<int64_t>(count_characters(value.as_text().view()));
  if (value.is_map() && !value.as_map().is_namespace) return static_cast<int64_t>(value.as_map().entries.size());
  if (value.is_list() && value.as_list().kind != ListKind::generator) {
    return static_cast<int64_t>(value.as_list().items.size());
  }
  return Error{Code::invalid, "'" + std::string(type_name(value)) + "' has no length"};
}

Result<Value> subscript(Runtime& runtime, const Value& object, const Value& key) {
  if (object.is_undefined()) return Error{Code::invalid, object.as_text().bytes()};
  if (key.is_integral() && (object.is_list() || object.is_string())) return item_at(runtime, object, key.as_integer());
  if (object.is_map() && !object.as_map().is_namespace) {
    const Result<std::string> id = key_id(runtime, key);
    const Map::Entry* entry = id.ok() ? object.as_map().find_id(*id) : nullptr;
    if (entry != nullptr) return entry->value;
  }
  if (key.is_string()) {
    const std::string& name = key.as_text().bytes();
    if (object.is_map() && object.as_map().is_namespace) return attribute(runtime, object, name);
    if (object.is(Value::Kind::object)) return object.as_object().attribute(name);
    if (const Builtin* method = find_method(object, name)) return bound_method(runtime, object, *method);
    return missing(object, name);
  }
  return Value::undefined("'" + std::string(type_name(object)) + " object' has no such element");
}

Result<Value> attribute(Runtime& runtime, const Value& object, std::string_view name) {
  if (object.is_undefined()) return Error{Code::invalid, object.as_text().bytes()};
  if (object.is(Value::Kind::object)) return object.as_object().attribute(name);
  if (const Builtin* method = find_method(object, name)) return bound_method(runtime, object, *method);
  if (object.is_map()) {
    const Map::Entry* entry = object.as_map().find(name);
    if (entry != nullptr) return entry->value;
  }
  return missing(object, name);
}

Result<Value> slice(Runtime& runtime, const Value& object, const Value& start, const Value& stop, const Value& step) {
  if (object.is_undefined()) return Error{Code::invalid, object.as_text().bytes()};
  if (object.is_list() && indexable(object.as_list())) {
    const List& list = object.as_list();
    SLUICE_TRY(const auto positions, slice_positions(static_cast<int64_t>(list.items.size()), start, stop, step));
    SLUICE_TRY_VOID(runtime.budget().step(positions.size() / 8));
    std::vector<Value> items;
    for (const size_t i : positions) items.push_back(list.items[i]);
    return runtime.list(std::move(items), list.kind);
  }
  if (object.is_string()) {
    const Text& text = object.as_text();
    SLUICE_TRY_VOID(runtime.budget().step(text.size() / 16));
    const std::vector<size_t> at = boundaries(text.view());
    SLUICE_TRY(const auto positions, slice_positions(static_cast<int64_t>(at.size()) - 1, start, stop, step));
    Text out;
    for (const size_t i : positions) out.append(text, at[i], at[i + 1]);
    return runtime.string(std::move(out));
  }
  // As Jinja2: what cannot be sliced has no such element.
  return Value::undefined("'" + std::string(type_name(object)) + "' cannot be sliced");
}

}  // namespace sluice::text
