// Filters that apply another filter or test, by name, to every item: map, select, reject and their kin; groupby.
#include "text/template_operators.h"
#include "text/template_sequences.h"

namespace sluice::text {
namespace {

Result<std::string> name_at(const Arguments& args, size_t i, std::string_view what) {
  if (i < args.positional.size() && args.positional[i].is_string()) return args.positional[i].as_text().bytes();
  return Error{Code::invalid, std::string(what) + ": a name is needed as argument " + std::to_string(i + 1)};
}

// A copy for each item: as many arguments as the template likes.
Result<Arguments> rest(Runtime& runtime, const Arguments& args, size_t from) {
  Arguments out;
  if (from < args.positional.size()) {
    out.positional.assign(args.positional.begin() + static_cast<int64_t>(from), args.positional.end());
  }
  out.named = args.named;
  const size_t copied = out.positional.size() + 2 * out.named.size();
  SLUICE_TRY_VOID(runtime.budget().step(copied / 16));
  SLUICE_TRY_VOID(runtime.budget().take(copied * sizeof(Value)));
  return out;
}

Result<Value> map_attribute(Runtime& runtime, const std::vector<Value>& items, const Arguments& args) {
  Value path, fallback = Value::undefined("map: no default");
  for (const auto& [name, value] : args.named) {
    if (name != "attribute" && name != "default") return Error{Code::invalid, "map: unknown argument '" + name + "'"};
    (name == "attribute" ? path : fallback) = value;
  }
  std::vector<Value> out;
  for (const Value& item : items) {
    SLUICE_TRY(Value value, follow_path(runtime, item, path));
    out.push_back(value.is_undefined() && !fallback.is_undefined() ? fallback : std::move(value));
  }
  return runtime.list(std::move(out), ListKind::generator);
}

Result<Value> map(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  if (args.positional.empty() && !args.named.empty()) return map_attribute(runtime, items, args);
  SLUICE_TRY(const std::string filter, name_at(args, 0, "map"));
  if (find_filter(filter) == nullptr) return Error{Code::unsupported, "no filter named '" + filter + "'"};
  std::vector<Value> out;
  for (const Value& item : items) {
    SLUICE_TRY(Arguments others, rest(runtime, args, 1));
    SLUICE_TRY(out.emplace_back(), apply_filter(runtime, filter, item, std::move(others)));
  }
  return runtime.list(std::move(out), ListKind::generator);
}

// by_attribute: the first argument is a path, the test follows. Without a test the value's truth decides.
template <bool by_attribute, bool keep>
Result<Value> choose(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  if (by_attribute && args.positional.empty()) return Error{Code::invalid, "selectattr: an attribute is needed"};
  const size_t test_at = by_attribute ? 1 : 0;
  const bool has_test = args.positional.size() > test_at;
  std::string test;
  if (has_test) {
    SLUICE_TRY(test, name_at(args, test_at, "select"));
    if (find_test(test) == nullptr) return Error{Code::unsupported, "no test named '" + test + "'"};
  }
  std::vector<Value> out;
  for (const Value& item : items) {
    Value subject = item;
    if (by_attribute) {
      SLUICE_TRY(subject, follow_path(runtime, item, args.positional[0]));
    }
    bool passes = truthy(subject);
    if (has_test) {
      SLUICE_TRY(Arguments others, rest(runtime, args, test_at + 1));
      SLUICE_TRY(passes, apply_test(runtime, test, subject, std::move(others)));
    }
    if (passes == keep) out.push_back(item);
  }
  return runtime.list(std::move(out), ListKind::generator);
}

// Tuples of (grouper, list); the items are sorted by the attribute first.
Result<Value> groupby(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  const bool ignore_case = !flag_argument(args, 2, false);
  std::vector<Value> keys;
  for (const Value& item : items) {
    SLUICE_TRY(Value key, follow_path(runtime, item, args.positional[0]));
    if (key.is_undefined() && has_argument(args, 1)) key = args.positional[1];
    SLUICE_TRY(keys.emplace_back(), sort_key(runtime, key, Value(), ignore_case));
  }
  SLUICE_TRY(const std::vector<Value> sorted, sort_by_keys(runtime, items, keys, false));
  SLUICE_TRY(const std::vector<Value> order, sort_by_keys(runtime, keys, keys, false));
  std::vector<Value> out;
  for (size_t i = 0; i < sorted.size(); ++i) {
    bool same = false;
    if (i > 0) {
      SLUICE_TRY(same, equal(runtime, order[i - 1], order[i]));
    }
    if (!same) {
      SLUICE_TRY(Value grouper, follow_path(runtime, sorted[i], args.positional[0]));
      if (grouper.is_undefined() && has_argument(args, 1)) grouper = args.positional[1];
      out.push_back(runtime.list({std::move(grouper), runtime.list({})}, ListKind::tuple));
    }
    out.back().as_list().items[1].push(sorted[i]);
  }
  return runtime.list(std::move(out));
}

constexpr Builtin kFilters[] = {
    {"map", "*", 0, map},
    {"select", "*", 0, choose<false, true>},
    {"reject", "*", 0, choose<false, false>},
    {"selectattr", "*", 0, choose<true, true>},
    {"rejectattr", "*", 0, choose<true, false>},
    {"groupby", "attribute default case_sensitive", 1, groupby},
};

}  // namespace

std::span<const Builtin> selection_filters() {
  return kFilters;
}

}  // namespace sluice::text
