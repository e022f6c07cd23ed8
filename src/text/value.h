// The dynamic value of chat templates and of what is rendered through them (messages, tools, options): Python's None,
// bool, int, float, str, list, dict as Jinja2 sees them. Strings and numbers know their origin (template_text.h).
//
// A Value is a small handle. Lists and maps are references, as in Python: copies share one container. Do not put a
// container into itself (it would never be freed); every reader here is bounded all the same. Not thread-safe; distinct
// Values that share no container are independent. Rendering copies its input first, so it never changes yours.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "sluice/status.h"
#include "text/template_text.h"

namespace sluice::text {

class Object;  // callables and the loop variable: live inside the engine only
struct List;
struct Map;

class Value {
 public:
  enum class Kind { undefined, none, boolean, integer, real, big_integer, string, list, map, object };

  Value() = default;                              // none
  static Value undefined(std::string_view what);  // `what` ends up in the error if the template depends on it
  static Value boolean(bool value, Origin origin = Origin::markup) { return Value(value, origin); }
  static Value integer(int64_t value, Origin origin = Origin::markup) { return Value(value, origin); }
  static Value real(double value, Origin origin = Origin::markup) { return Value(value, origin); }
  static Value big_integer(std::string_view digits, Origin origin);  // an integer beyond int64: kept, printed, no sums
  static Value string(Text text);
  static Value string(std::string_view bytes, Origin origin = Origin::content) { return string(Text(bytes, origin)); }
  static Value list(std::vector<Value> items = {});
  // Keys are content strings; the order is kept; a repeated key keeps its place and takes the last value.
  static Value map(std::initializer_list<std::pair<std::string_view, Value>> entries = {});
  static Value of(std::shared_ptr<List> list);
  static Value of(std::shared_ptr<Map> map);
  static Value of(Object* object);  // not owned

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is(Kind kind) const { return this->kind() == kind; }
  bool is_undefined() const { return is(Kind::undefined); }
  bool is_none() const { return is(Kind::none); }
  bool is_string() const { return is(Kind::string); }
  bool is_list() const { return is(Kind::list); }
  bool is_map() const { return is(Kind::map); }
  bool is_integral() const { return is(Kind::integer) || is(Kind::boolean); }  // Python: bool is an int
  bool is_number() const { return is_integral() || is(Kind::real) || is(Kind::big_integer); }

  // REQUIRES for each: the matching kind.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_integer() const { return is(Kind::boolean) ? int64_t{as_bool()} : std::get<int64_t>(data_); }
  double as_real() const;       // any number
  const Text& as_text() const;  // string, big_integer (its digits), undefined (what is undefined)
  List& as_list() const { return *std::get<std::shared_ptr<List>>(data_); }
  Map& as_map() const { return *std::get<std::shared_ptr<Map>>(data_); }
  Object& as_object() const { return *std::get<Object*>(data_); }

  // Where text made from this scalar comes from; markup for kinds that have no text of their own.
  Origin origin() const;

  // Conveniences for building input. push: REQUIRES a list; set, find: REQUIRE a map. find: null when absent.
  void push(Value item) const;
  void set(std::string_view key, Value value) const;
  const Value* find(std::string_view key) const;

 private:
  struct Undefined {
    std::shared_ptr<const Text> what;
  };
  struct BigInteger {
    std::shared_ptr<const Text> digits;
  };
  // The order is Kind's.
  using Data = std::variant<Undefined, std::monostate, bool, int64_t, double, BigInteger, std::shared_ptr<const Text>,
                            std::shared_ptr<List>, std::shared_ptr<Map>, Object*>;

  template <class T>
  Value(T value, Origin origin) : data_(std::in_place_type<T>, value), origin_(origin) {}
  explicit Value(Data data) : data_(std::move(data)) {}

  Data data_{std::monostate{}};
  Origin origin_ = Origin::markup;
};

// What Python would call it; it changes printing, indexing and tests. A generator is empty once read.
enum class ListKind : uint8_t { list, tuple, generator, keys, values, items };

struct List {
  ListKind kind = ListKind::list;
  std::vector<Value> items;
};

// Insertion-ordered. Keys are any hashable value; `id` is the key's identity as text (1, 1.0 and True are one key).
struct Map {
  struct Entry {
    std::string id;
    Value key;
    Value value;
  };

  bool is_namespace = false;
  std::vector<Entry> entries;

  static std::string string_id(std::string_view key);
  Entry* find_id(std::string_view id);
  Entry* find(std::string_view key) { return find_id(string_id(key)); }
  void set_id(std::string id, Value key, Value value);
  bool erase_id(std::string_view id);
  void clear();

 private:
  std::unordered_map<std::string, size_t> index_;  // id -> position, kept only for big maps
};

constexpr int kMaxJsonDepth = 256;
constexpr uint64_t kMaxJsonValues = 2'000'000;  // an empty object takes two bytes of text and two hundred of memory

// Strings and numbers of the result are content. Errors: corrupt (not JSON, with the byte), over_budget (nested deeper
// than kMaxJsonDepth, or more than `most` commas and opening brackets: what each value costs).
Result<Value> parse_json(std::string_view text, uint64_t most = kMaxJsonValues);

struct JsonStyle {
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  int indent = -1;  // spaces per level; below 0: one line
  bool ensure_ascii = false;
  bool sort_keys = false;
};

// As Python's json.dumps writes it. Anything JSON cannot hold (undefined, callables, what lies deeper than
// kMaxJsonDepth) is written as null; templates get an error instead.
std::string to_json(const Value& value, const JsonStyle& style = {});

}  // namespace sluice::text
