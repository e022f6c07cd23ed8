// Methods of list, tuple and dict. append, pop and their like change the container in place: Hugging Face's sandbox
// forbids that, but published templates (Kimi-K2-Thinking) rely on it, and what they change is this rendering's own
// copy.
#include <algorithm>

#include "text/template_methods.h"
#include "text/template_operators.h"
#include "text/template_sequences.h"

namespace sluice::text {
namespace {

Result<Value> append(Runtime& runtime, const Value& self, const Arguments& args) {
  runtime.budget().note(sizeof(Value));
  self.push(args.positional[0]);
  return Value();
}

Result<Value> extend(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::vector<Value> items, iterate(runtime, args.positional[0]));
  SLUICE_TRY_VOID(runtime.budget().reserve(items.size() * sizeof(Value)));
  runtime.budget().note(items.size() * sizeof(Value));
  std::vector<Value>& own = self.as_list().items;
  own.insert(own.end(), items.begin(), items.end());
  return Value();
}

Result<Value> insert(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(int64_t at, integer_argument(args, 0, 0));
  std::vector<Value>& items = self.as_list().items;
  const int64_t size = static_cast<int64_t>(items.size());
  SLUICE_TRY_VOID(runtime.budget().step(items.size() / 16));
  runtime.budget().note(sizeof(Value));
  if (at < 0) at = at < -size ? 0 : at + size;
  items.insert(items.begin() + std::min(at, size), args.positional[1]);
  return Value();
}

Result<Value> pop(Runtime& runtime, const Value& self, const Arguments& args) {
  std::vector<Value>& items = self.as_list().items;
  const int64_t size = static_cast<int64_t>(items.size());
  SLUICE_TRY_VOID(runtime.budget().step(items.size() / 16));
  SLUICE_TRY(int64_t at, integer_argument(args, 0, -1));
  if (at < 0 && at >= -size) at += size;
  if (at < 0 || at >= size) return Error{Code::invalid, size == 0 ? "pop from empty list" : "pop index out of range"};
  Value out = items[static_cast<size_t>(at)];
  items.erase(items.begin() + at);
  return out;
}

Result<Value> position(Runtime& runtime, const Value& self, const Arguments& args) {
  const std::vector<Value>& items = self.as_list().items;
  for (size_t i = 0; i < items.size(); ++i) {
    SLUICE_TRY(const bool same, equal(runtime, items[i], args.positional[0]));
    if (same) return Value::integer(static_cast<int64_t>(i));
  }
  return Error{Code::invalid, "index(): the value is not in the list"};
}

Result<Value> count(Runtime& runtime, const Value& self, const Arguments& args) {
  int64_t found = 0;
  for (const Value& item : self.as_list().items) {
    SLUICE_TRY(const bool same, equal(runtime, item, args.positional[0]));
    found += same ? 1 : 0;
  }
  return Value::integer(found);
}

Result<Value> remove(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const Value at, position(runtime, self, args));
  std::vector<Value>& items = self.as_list().items;
  items.erase(items.begin() + at.as_integer());
  return Value();
}

Result<Value> clear(Runtime&, const Value& self, const Arguments&) {
  self.as_list().items.clear();
  return Value();
}

Result<Value> reverse(Runtime& runtime, const Value& self, const Arguments&) {
  std::vector<Value>& items = self.as_list().items;
  SLUICE_TRY_VOID(runtime.budget().step(items.size() / 16));
  std::reverse(items.begin(), items.end());
  return Value();
}

Result<Value> copy(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY(std::vector<Value> items, iterate(runtime, self));
  return runtime.list(std::move(items));
}

Result<Value> sort(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(std::vector<Value> items, iterate(runtime, self));
  SLUICE_TRY(std::vector<Value> sorted, sort_by_keys(runtime, items, items, flag_argument(args, 0, false)));
  self.as_list().items = std::move(sorted);
  return Value();
}

Result<Value> get(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::string id, key_id(runtime, args.positional[0]));
  if (const Map::Entry* entry = self.as_map().find_id(id)) return entry->value;
  return has_argument(args, 1) ? args.positional[1] : Value();
}

template <ListKind kind>
Result<Value> view(Runtime& runtime, const Value& self, const Arguments&) {
  SLUICE_TRY_VOID(runtime.budget().step(self.as_map().entries.size()));
  std::vector<Value> items;
  for (const Map::Entry& entry : self.as_map().entries) {
    if (kind == ListKind::items) {
      items.push_back(runtime.list({entry.key, entry.value}, ListKind::tuple));
    } else {
      items.push_back(kind == ListKind::keys ? entry.key : entry.value);
    }
  }
  return runtime.list(std::move(items), kind);
}

Result<Value> map_pop(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const std::string id, key_id(runtime, args.positional[0]));
  SLUICE_TRY_VOID(runtime.budget().step(self.as_map().entries.size()));
  if (const Map::Entry* entry = self.as_map().find_id(id)) {
    Value out = entry->value;
    self.as_map().erase_id(id);
    return out;
  }
  if (has_argument(args, 1)) return args.positional[1];
  return Error{Code::invalid, "pop(): no such key"};
}

Result<Value> set_default(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(std::string id, key_id(runtime, args.positional[0]));
  if (const Map::Entry* entry = self.as_map().find_id(id)) return entry->value;
  Value value = has_argument(args, 1) ? args.positional[1] : Value();
  runtime.budget().note(sizeof(Map::Entry) + 2 * id.size());
  self.as_map().set_id(std::move(id), args.positional[0], value);
  return value;
}

Result<Value> update(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY_VOID(fill_map(runtime, self, args));
  return Value();
}

Result<Value> map_clear(Runtime&, const Value& self, const Arguments&) {
  self.as_map().clear();
  return Value();
}

Result<Value> map_copy(Runtime& runtime, const Value& self, const Arguments&) {
  Value out = runtime.map();
  SLUICE_TRY_VOID(fill_map(runtime, out, {{self}, {}}));
  return out;
}

constexpr Builtin kListMethods[] = {
    {"append", "object", 1, append},       {"clear", "", 0, clear},           {"copy", "", 0, copy},
    {"count", "value", 1, count},          {"extend", "iterable", 1, extend}, {"index", "value", 1, position},
    {"insert", "index object", 2, insert}, {"pop", "index", 0, pop},          {"remove", "value", 1, remove},
    {"reverse", "", 0, reverse},           {"sort", "reverse", 0, sort},
};
constexpr Builtin kTupleMethods[] = {{"count", "value", 1, count}, {"index", "value", 1, position}};
constexpr Builtin kMapMethods[] = {
    {"clear", "", 0, map_clear},
    {"copy", "", 0, map_copy},
    {"get", "key default", 1, get},
    {"items", "", 0, view<ListKind::items>},
    {"keys", "", 0, view<ListKind::keys>},
    {"pop", "key default", 1, map_pop},
    {"setdefault", "key default", 1, set_default},
    {"update", "*", 0, update},
    {"values", "", 0, view<ListKind::values>},
};

}  // namespace

std::span<const Builtin> list_methods() {
  return kListMethods;
}
std::span<const Builtin> tuple_methods() {
  return kTupleMethods;
}
std::span<const Builtin> map_methods() {
  return kMapMethods;
}

}  // namespace sluice::text
