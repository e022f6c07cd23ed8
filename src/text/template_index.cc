// The indexing half of template_operators.h: iteration, length, items, attributes, slices.
#include <algorithm>
#include <cstdlib>

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

// The positions from `first` on, `stride` apart, `count` of them: all within the sequence.
struct Positions {
  int64_t first, stride, count;
};

Result<Positions> slice_positions(int64_t size, const Value& start, const Value& stop, const Value& step) {
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
  const int64_t span = back ? first - last : last - first;
  return Positions{first, stride, span <= 0 ? 0 : (span - 1) / std::abs(stride) + 1};
}

Text sliced(const Text& text, const Positions& positions) {
  Text out;
  if (positions.count == 0) return out;
  size_t at = offset_of(text.view(), static_cast<size_t>(positions.first));
  if (positions.stride == 1) {
    return text.slice(at, at + offset_of(text.view().substr(at), static_cast<size_t>(positions.count)));
  }
  for (int64_t left = positions.count; left > 0; --left) {
    out.append(text, at, character_end(text.view(), at));
    for (int64_t i = 0; left > 1 && i < positions.stride; ++i) at = character_end(text.view(), at);
    for (int64_t i = 0; left > 1 && i > positions.stride; --i) at = character_begin(text.view(), at);
  }
  return out;
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
  if (index < 0) index += static_cast<int64_t>(count_characters(text.view()));
  const size_t begin = index < 0 ? text.size() : offset_of(text.view(), static_cast<size_t>(index));
  if (begin == text.size()) return undefined();
  return runtime.string(text.slice(begin, character_end(text.view(), begin)));
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
    for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
      end = character_end(text.view(), begin);
      out.push_back(runtime.string(text.slice(begin, end)));
      SLUICE_TRY_VOID(runtime.budget().take(0));
    }
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
    SLUICE_TRY(const Positions positions, slice_positions(static_cast<int64_t>(list.items.size()), start, stop, step));
    SLUICE_TRY_VOID(runtime.budget().step(static_cast<uint64_t>(positions.count) / 8));
    std::vector<Value> items;
    for (int64_t i = 0; i < positions.count; ++i) {
      items.push_back(list.items[static_cast<size_t>(positions.first + i * positions.stride)]);
    }
    return runtime.list(std::move(items), list.kind);
  }
  if (object.is_string()) {
    const Text& text = object.as_text();
    SLUICE_TRY_VOID(runtime.budget().step(text.size() / 16));
    const auto size = static_cast<int64_t>(count_characters(text.view()));
    SLUICE_TRY(const Positions positions, slice_positions(size, start, stop, step));
    return runtime.string(sliced(text, positions));
  }
  // As Jinja2: what cannot be sliced has no such element.
  return Value::undefined("'" + std::string(type_name(object)) + "' cannot be sliced");
}

}  // namespace sluice::text
