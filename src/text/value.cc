#include "text/value.h"

#include <charconv>
#include <cstdlib>

namespace sluice::text {
namespace {

constexpr size_t kIndexFrom = 12;  // entries; below, a scan is as fast

std::shared_ptr<const Text> shared_text(std::string_view bytes, Origin origin) {
  return std::make_shared<const Text>(bytes, origin);
}

}  // namespace

Value Value::undefined(std::string_view what) {
  return Value(Data(Undefined{shared_text(what, Origin::markup)}));
}

Value Value::big_integer(std::string_view digits, Origin origin) {
  return Value(Data(BigInteger{shared_text(digits, origin)}));
}

Value Value::string(Text text) {
  return Value(Data(std::make_shared<const Text>(std::move(text))));
}

Value Value::list(std::vector<Value> items) {
  return of(std::make_shared<List>(List{ListKind::list, std::move(items)}));
}

Value Value::map(std::initializer_list<std::pair<std::string_view, Value>> entries) {
  Value out = of(std::make_shared<Map>());
  for (const auto& [key, value] : entries) out.set(key, value);
  return out;
}

Value Value::of(std::shared_ptr<List> list) {
  return Value(Data(std::move(list)));
}
Value Value::of(std::shared_ptr<Map> map) {
  return Value(Data(std::move(map)));
}
Value Value::of(Object* object) {
  return Value(Data(object));
}

double Value::as_real() const {
  if (is(Kind::real)) return std::get<double>(data_);
  if (is(Kind::big_integer)) return std::strtod(as_text().bytes().c_str(), nullptr);
  return static_cast<double>(as_integer());
}

const Text& Value::as_text() const {
  if (is(Kind::undefined)) return *std::get<Undefined>(data_).what;
  if (is(Kind::big_integer)) return *std::get<BigInteger>(data_).digits;
  return *std::get<std::shared_ptr<const Text>>(data_);
}

Origin Value::origin() const {
  if (is(Kind::string) || is(Kind::big_integer)) return as_text().origin();
  return origin_;
}

void Value::push(Value item) const {
  as_list().items.push_back(std::move(item));
}

void Value::set(std::string_view key, Value value) const {
  as_map().set_id(Map::string_id(key), Value::string(key), std::move(value));
}

const Value* Value::find(std::string_view key) const {
  const Map::Entry* entry = as_map().find(key);
  return entry == nullptr ? nullptr : &entry->value;
}

std::string Map::string_id(std::string_view key) {
  std::string id = "s";
  id += key;
  return id;
}

Map::Entry* Map::find_id(std::string_view id) {
  if (entries.size() >= kIndexFrom) {
    const auto found = index_.find(std::string(id));
    return found == index_.end() ? nullptr : &entries[found->second];
  }
  for (Entry& entry : entries) {
    if (entry.id == id) return &entry;
  }
  return nullptr;
}

void Map::set_id(std::string id, Value key, Value value) {
  if (Entry* entry = find_id(id)) {
    entry->value = std::move(value);
    return;
  }
  entries.push_back({std::move(id), std::move(key), std::move(value)});
  if (entries.size() == kIndexFrom) {
    for (size_t i = 0; i < entries.size(); ++i) index_[entries[i].id] = i;
  } else if (entries.size() > kIndexFrom) {
    index_[entries.back().id] = entries.size() - 1;
  }
}

bool Map::erase_id(std::string_view id) {
  Entry* entry = find_id(id);
  if (entry == nullptr) return false;
  entries.erase(entries.begin() + (entry - entries.data()));
  index_.clear();
  if (entries.size() >= kIndexFrom) {
    for (size_t i = 0; i < entries.size(); ++i) index_[entries[i].id] = i;
  }
  return true;
}

void Map::clear() {
  entries.clear();
  index_.clear();
}

}  // namespace sluice::text
