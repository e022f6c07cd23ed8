// Filters over sequences that look at the items as wholes.
#include <algorithm>
#include <set>

#include "text/quote.h"
#include "text/template_methods.h"
#include "text/template_operators.h"
#include "text/template_print.h"
#include "text/template_sequences.h"
#include "text/template_strings.h"

namespace sluice::text {
namespace {

Result<Value> join(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  SLUICE_TRY(const Text glue, to_str(runtime, args.positional[0]));
  Text out;
  for (size_t i = 0; i < items.size(); ++i) {
    Value item = items[i];
    if (has_argument(args, 1)) {
      SLUICE_TRY(item, follow_path(runtime, items[i], args.positional[1]));
    }
    SLUICE_TRY(const Text text, to_str(runtime, item));
    SLUICE_TRY_VOID(runtime.budget().reserve(out.footprint() + glue.footprint() + text.footprint()));
    if (i > 0) out.append(glue);
    out.append(text);
  }
  return runtime.string(std::move(out));
}

Result<Value> first(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  return items.empty() ? Value::undefined("No first item, sequence was empty.") : items.front();
}

Result<Value> last(Runtime& runtime, const Value& self, const Arguments&) {
  if (self.is_list() && self.as_list().kind == ListKind::generator) {
    return Error{Code::invalid, "last: a generator cannot be reversed"};
  }
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}

Result<Value> list(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY(std::vector<Value> items, iterate(runtime, self));
  return runtime.list(std::move(items));
}

Result<Value> items_of(Runtime& runtime, const Value& self, const Arguments&) {
  if (self.is_undefined()) return runtime.list({}, ListKind::generator);
  const Builtin* method = self.is_map() ? find_method(self, "items") : nullptr;
  if (method == nullptr)
    return Error{Code::invalid, "items: a mapping is needed, not '" + std::string(type_name(self)) + "'"};
  SLUICE_TRY(const Value view, run_builtin(runtime, *method, self, {}));
  view.as_list().kind = ListKind::generator;
  return view;
}

Result<Value> sort(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  const bool ignore_case = !flag_argument(args, 1, false);
  std::vector<Text> paths;
  if (args.positional[2].is_string()) {
    SLUICE_TRY_VOID(split(args.positional[2].as_text(), ",", -1, [&](Text path) {
      paths.push_back(std::move(path));
      return runtime.budget().take(sizeof(Text));
    }));
  }
  std::vector<Value> keys;
  for (const Value& item : items) {
    std::vector<Value> parts;
    for (const Text& path : paths) {
      SLUICE_TRY(parts.emplace_back(), sort_key(runtime, item, Value::string(path), ignore_case));
    }
    if (parts.size() > 1) {
      keys.push_back(runtime.list(std::move(parts)));
    } else if (parts.size() == 1) {
      keys.push_back(parts[0]);
    } else {
      SLUICE_TRY(keys.emplace_back(), sort_key(runtime, item, args.positional[2], ignore_case));
    }
  }
  SLUICE_TRY(std::vector<Value> sorted, sort_by_keys(runtime, items, keys, flag_argument(args, 0, false)));
  return runtime.list(std::move(sorted));
}

Result<Value> dictsort(Runtime& runtime, const Value& self, const Arguments& args) {
  const Builtin* method = self.is_map() ? find_method(self, "items") : nullptr;
  if (method == nullptr)
    return Error{Code::invalid, "dictsort: a mapping is needed, not '" + std::string(type_name(self)) + "'"};
  SLUICE_TRY(const Value view, run_builtin(runtime, *method, self, {}));
  const bool ignore_case = !flag_argument(args, 0, false);
  int64_t position = 0;
  if (args.positional[1].is_string()) {
    const std::string& by = args.positional[1].as_text().bytes();
    if (by != "key" && by != "value") return Error{Code::invalid, "dictsort: by must be 'key' or 'value'"};
    position = by == "value" ? 1 : 0;
  }
  std::vector<Value> keys;
  for (const Value& pair : view.as_list().items) {
    SLUICE_TRY(keys.emplace_back(), sort_key(runtime, pair, Value::integer(position), ignore_case));
  }
  SLUICE_TRY(auto sorted, sort_by_keys(runtime, view.as_list().items, keys, flag_argument(args, 2, false)));
  return runtime.list(std::move(sorted));
}

Result<Value> unique(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  std::set<std::string> seen;
  std::vector<Value> out;
  for (const Value& item : items) {
    SLUICE_TRY(const Value key, sort_key(runtime, item, args.positional[1], !flag_argument(args, 0, false)));
    SLUICE_TRY(std::string id, key_id(runtime, key));
    SLUICE_TRY_VOID(runtime.budget().step(1 + id.size() / 64));
    if (seen.insert(std::move(id)).second) out.push_back(item);
  }
  return runtime.list(std::move(out), ListKind::generator);
}

Result<Value> reverse(Runtime& runtime, const Value& self, const Arguments&) {
  if (self.is_string()) return slice(runtime, self, Value(), Value(), Value::integer(-1));
  SLUICE_TRY(std::vector<Value> items, iterate(runtime, self));
  std::reverse(items.begin(), items.end());
  return runtime.list(std::move(items), ListKind::generator);
}

Result<Value> sum(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  Value total = has_argument(args, 1) ? args.positional[1] : Value::integer(0);
  if (total.is_string()) return Error{Code::invalid, "sum: strings are joined with join"};
  for (const Value& item : items) {
    Value value = item;
    if (has_argument(args, 0)) {
      SLUICE_TRY(value, follow_path(runtime, item, args.positional[0]));
    }
    SLUICE_TRY(total, binary(runtime, BinaryOp::add, total, value));
  }
  return total;
}

template <bool greatest>
Result<Value> extreme(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  if (items.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  const bool ignore_case = !flag_argument(args, 0, false);
  size_t best = 0;
  SLUICE_TRY(Value best_key, sort_key(runtime, items[0], args.positional[1], ignore_case));
  for (size_t i = 1; i < items.size(); ++i) {
    SLUICE_TRY(const Value key, sort_key(runtime, items[i], args.positional[1], ignore_case));
    SLUICE_TRY(const bool better, greatest ? less(runtime, best_key, key) : less(runtime, key, best_key));
    if (!better) continue;
    best = i;
    best_key = key;
  }
  return items[best];
}

Result<Value> batch(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, self));
  SLUICE_TRY(const int64_t size, integer_argument(args, 0, 1));
  if (size < 1 || size > kMaxRange)
    return Error{Code::invalid, "batch: the size must be from 1 to " + std::to_string(kMaxRange)};
  std::vector<Value> out;
  for (size_t i = 0; i < items.size(); i += static_cast<size_t>(size)) {
    const size_t end = std::min(items.size(), i + static_cast<size_t>(size));
    std::vector<Value> row(items.begin() + static_cast<int64_t>(i), items.begin() + static_cast<int64_t>(end));
    if (has_argument(args, 1)) row.resize(static_cast<size_t>(size), args.positional[1]);
    out.push_back(runtime.list(std::move(row)));
  }
  return runtime.list(std::move(out), ListKind::generator);
}

Result<Value> attr(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Text name, text_argument(runtime, args, 0));
  if (self.is_map() && !self.as_map().is_namespace && find_method(self, name.view()) == nullptr) {
    return Value::undefined("'dict object' has no attribute " + quote_text(name.view()));  // attributes only, no keys
  }
  return attribute(runtime, self, name.view());
}

constexpr Builtin kFilters[] = {
    {"join", "d attribute", 0, join},
    {"first", "", 0, first},
    {"last", "", 0, last},
    {"list", "", 0, list},
    {"items", "", 0, items_of},
    {"sort", "reverse case_sensitive attribute", 0, sort},
    {"dictsort", "case_sensitive by reverse", 0, dictsort},
    {"unique", "case_sensitive attribute", 0, unique},
    {"reverse", "", 0, reverse},
    {"sum", "attribute start", 0, sum},
    {"min", "case_sensitive attribute", 0, extreme<false>},
    {"max", "case_sensitive attribute", 0, extreme<true>},
    {"batch", "linecount fill_with", 1, batch},
    {"attr", "name", 1, attr},
};

}  // namespace

std::span<const Builtin> list_filters() {
  return kFilters;
}

}  // namespace sluice::text
