#include "text/template_sequences.h"

#include <algorithm>
#include <numeric>

#include "text/template_operators.h"
#include "text/template_strings.h"

namespace sluice::text {
namespace {

// Bottom-up merge sort: std::stable_sort may leave its range when a comparison contradicts itself or fails.
class MergeSort {
 public:
  MergeSort(Runtime& runtime, const std::vector<Value>& keys, bool reversed)
      : runtime_(runtime), keys_(keys), reversed_(reversed), order_(keys.size()), merged_(keys.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
  }

  Result<std::vector<size_t>> run() && {
    for (size_t width = 1; width < order_.size(); width *= 2) {
      for (size_t begin = 0; begin < order_.size(); begin += 2 * width) {
        SLUICE_TRY_VOID(
            merge(begin, std::min(begin + width, order_.size()), std::min(begin + 2 * width, order_.size())));
      }
      order_.swap(merged_);
    }
    return std::move(order_);
  }

 private:
  Status merge(size_t begin, size_t middle, size_t end) {
    size_t left = begin;
    size_t right = middle;
    for (size_t out = begin; out < end; ++out) {
      bool take_right = left == middle;
      if (left < middle && right < end) {
        const Value& l = keys_[order_[left]];
        const Value& r = keys_[order_[right]];
        SLUICE_TRY(take_right, reversed_ ? less(runtime_, l, r) : less(runtime_, r, l));
      }
      merged_[out] = order_[take_right ? right++ : left++];
    }
    return {};
  }

  Runtime& runtime_;
  const std::vector<Value>& keys_;
  bool reversed_;
  std::vector<size_t> order_, merged_;
};

}  // namespace

Result<std::vector<Value>> sort_by_keys(Runtime& runtime, const std::vector<Value>& items,
                                        const std::vector<Value>& keys, bool reversed) {
  SLUICE_TRY(const std::vector<size_t> order, MergeSort(runtime, keys, reversed).run());
  std::vector<Value> out;
  for (const size_t i : order) out.push_back(items[i]);
  return out;
}

Status fill_map(Runtime& runtime, const Value& map, const Arguments& arguments) {
  const auto set = [&](const Value& key, const Value& value) -> Status {
    SLUICE_TRY_VOID(runtime.budget().step());
    SLUICE_TRY(std::string id, key_id(runtime, key));
    runtime.budget().note(sizeof(Map::Entry) + 2 * id.size());
    map.as_map().set_id(std::move(id), key, value);
    return {};
  };
  if (arguments.positional.size() > 1) return Error{Code::invalid, "dict() takes at most one positional argument"};
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.is_map()) {
      const std::vector<Map::Entry> entries = source.as_map().entries;  // a copy: source may be the map itself
      for (const Map::Entry& entry : entries) SLUICE_TRY_VOID(set(entry.key, entry.value));
    } else {
      SLUICE_TRY(const std::vector<Value> pairs, iterate(runtime, source));
      for (const Value& pair : pairs) {
        SLUICE_TRY(const std::vector<Value> parts, iterate(runtime, pair));
        if (parts.size() != 2) return Error{Code::invalid, "dict() needs pairs of a key and a value"};
        SLUICE_TRY_VOID(set(parts[0], parts[1]));
      }
    }
  }
  for (const auto& [name, value] : arguments.named) SLUICE_TRY_VOID(set(Value::string(name, Origin::markup), value));
  return {};
}

Result<Value> follow_path(Runtime& runtime, const Value& item, const Value& path) {
  if (!path.is_string()) return subscript(runtime, item, path);
  Value at = item;
  const TakePiece step_into = [&](Text part) -> Status {
    const std::string& name = part.bytes();
    const bool digits = !name.empty() && name.size() < 10 && name.find_first_not_of("0123456789") == std::string::npos;
    SLUICE_TRY_VOID(runtime.budget().step());
    SLUICE_TRY(at, subscript(runtime, at, digits ? Value::integer(std::stoi(name)) : Value::string(part)));
    return {};
  };
  SLUICE_TRY_VOID(split(path.as_text(), ".", -1, step_into));
  return at;
}

Result<Value> sort_key(Runtime& runtime, const Value& item, const Value& path, bool ignore_case) {
  Value key = item;
  if (!path.is_undefined() && !path.is_none()) {
    SLUICE_TRY(key, follow_path(runtime, item, path));
  }
  if (!ignore_case || !key.is_string()) return key;
  SLUICE_TRY_VOID(runtime.budget().step(key.as_text().size() / 64));
  return runtime.string(with_case(key.as_text(), Case::lower));
}

const Builtin* find_filter(std::string_view name) {
  for (const auto& table : {text_filters(), number_filters(), list_filters(), selection_filters()}) {
    if (const Builtin* filter = find_builtin(table, name)) return filter;
  }
  return nullptr;
}

Result<Value> apply_filter(Runtime& runtime, std::string_view name, const Value& one, Arguments arguments) {
  const Builtin* filter = find_filter(name);
  if (filter == nullptr) return Error{Code::unsupported, "no filter named '" + std::string(name) + "'"};
  return run_builtin(runtime, *filter, one, std::move(arguments));
}

Result<bool> apply_test(Runtime& runtime, std::string_view name, const Value& one, Arguments arguments) {
  const Builtin* test = find_test(name);
  if (test == nullptr) return Error{Code::unsupported, "no test named '" + std::string(name) + "'"};
  SLUICE_TRY(const Value result, run_builtin(runtime, *test, one, std::move(arguments)));
  return truthy(result);
}

}  // namespace sluice::text
