// JSON in and out: nlohmann's event parser builds Values without recursion; the writer follows Python's json.dumps.
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "text/quote.h"
#include "text/template_operators.h"
#include "text/template_print.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Builder(uint64_t most) : most_(most) {}

  bool null() override { return put(Value()); }
  bool boolean(bool v) override { return put(Value::boolean(v, Origin::content)); }
  bool number_integer(int64_t v) override { return put(Value::integer(v, Origin::content)); }
  bool number_unsigned(uint64_t v) override {
    if (v > static_cast<uint64_t>(INT64_MAX)) return put(Value::big_integer(std::to_string(v), Origin::content));
    return put(Value::integer(static_cast<int64_t>(v), Origin::content));
  }
  bool number_float(double v, const std::string& source) override {
    const bool integer = source.find_first_not_of("-0123456789") == std::string::npos;
    return put(integer ? Value::big_integer(source, Origin::content) : Value::real(v, Origin::content));
  }
  bool string(std::string& v) override { return put(Value::string(v)); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(size_t) override { return open(Value::map()); }
  bool start_array(size_t) override { return open(Value::list()); }
  bool key(std::string& v) override {
    keys_.back() = v;
    return true;
  }
  bool end_object() override { return close(open_.back().as_map().entries.empty()); }
  bool end_array() override { return close(open_.back().as_list().items.empty()); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error_ = Error{Code::corrupt, "JSON: not valid at byte " + std::to_string(position)};
    return false;
  }

  Result<Value> finish(bool good) && {
    if (good) return std::move(root_);
    return std::move(error_);
  }

 private:
  bool put(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    if (!pay()) return false;
    if (open_.back().is_list()) {
      open_.back().push(std::move(value));
    } else {
      open_.back().set(keys_.back(), std::move(value));
    }
    return true;
  }
  bool open(Value value) {
    if (open_.size() >= static_cast<size_t>(kMaxJsonDepth)) {
      error_ = Error{Code::over_budget, "JSON: nested deeper than " + std::to_string(kMaxJsonDepth)};
      return false;
    }
    if (!put(value)) return false;
    open_.push_back(std::move(value));
    keys_.emplace_back();
    return true;
  }
  bool close(bool empty) {
    open_.pop_back();
    keys_.pop_back();
    return !empty || pay();
  }
  // An item stands after its list's bracket or a comma; in an empty list nothing stands after the bracket.
  bool pay() {
    if (++values_ <= most_) return true;
    error_ = Error{Code::over_budget, "JSON: more than " + std::to_string(most_) + " values"};
    return false;
  }

  const uint64_t most_;
  uint64_t values_ = 0;
  Value root_;
  std::vector<Value> open_;
  std::vector<std::string> keys_;
  Error error_{Code::corrupt, "JSON: not valid"};
};

std::string unicode_escape(char32_t unit) {
  std::string out = "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[(unit >> shift) & 15];
  return out;
}

// Empty: the character stands for itself.
std::string json_escape(char32_t c, bool ensure_ascii) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    default:
      break;
  }
  if (c < 0x20) return unicode_escape(c);
  if (!ensure_ascii || c < 0x7f) return "";
  if (c < 0x10000) return unicode_escape(c);
  return unicode_escape(0xd800 + ((c - 0x10000) >> 10)) + unicode_escape(0xdc00 + ((c - 0x10000) & 0x3ff));
}

class JsonWriter {
 public:
  JsonWriter(Runtime& runtime, const JsonStyle& style, Origin around, bool lenient)
      : runtime_(runtime), style_(style), around_(around), lenient_(lenient) {}

  Status write(const Value& value, int depth) {
    if (!lenient_) SLUICE_TRY_VOID(runtime_.budget().step());
    if (depth > kMaxJsonDepth || (!lenient_ && out.footprint() > kMaxOutputBytes)) {
      return refuse(Code::over_budget, "a value is too deep or too large for tojson");
    }
    if (value.is_string()) return write_text(value.as_text());
    if (value.is_list()) return write_list(value, depth);
    if (value.is_map() && !value.as_map().is_namespace) return write_map(value.as_map(), depth);
    const std::string scalar = scalar_text(value);
    if (scalar.empty()) {
      return refuse(Code::invalid, "'" + std::string(type_name(value)) + "' is not JSON serializable");
    }
    put(scalar);
    return {};
  }

  Text out;

 private:
  void put(std::string_view bytes) { out.append(bytes, around_); }

  Status refuse(Code code, std::string message) {
    if (!lenient_) return Error{code, std::move(message)};
    put("null");
    return {};
  }

  static std::string scalar_text(const Value& value) {
    if (value.is_none()) return "null";
    if (value.is(Value::Kind::boolean)) return value.as_bool() ? "true" : "false";
    if (value.is(Value::Kind::integer)) return std::to_string(value.as_integer());
    if (value.is(Value::Kind::big_integer)) return value.as_text().bytes();
    if (!value.is(Value::Kind::real)) return "";
    const double v = value.as_real();
    if (std::isnan(v)) return "NaN";
    if (std::isinf(v)) return v < 0 ? "-Infinity" : "Infinity";
    return python_float(v);
  }

  Status write_text(const Text& text) {
    const std::string& bytes = text.bytes();
    put("\"");
    size_t plain = 0;  // what lies in [plain, i) is copied in one go
    for (size_t i = 0; i < bytes.size();) {
      const Utf8Step step = utf8_step(std::string_view(bytes).substr(i));
      const std::string escape =
          step.kind == Utf8Step::complete ? json_escape(step.code_point, style_.ensure_ascii) : "";
      if (!escape.empty()) {
        out.append(text, plain, i);
        out.append(escape, text.origin_at(i));
        plain = i + step.size;
      }
      i += step.size;
    }
    out.append(text, plain, bytes.size());
    put("\"");
    return {};
  }

  void line_break(int depth) {
    if (style_.indent < 0) return;
    put("\n" + std::string(static_cast<size_t>(style_.indent) * static_cast<size_t>(depth), ' '));
  }

  // json.dumps drops the blank of ", " only when the caller leaves the separators alone; JsonStyle says what to write.
  Status write_list(const Value& value, int depth) {
    const List& list = value.as_list();
    if (list.kind != ListKind::list && list.kind != ListKind::tuple) {
      return refuse(Code::invalid, "'" + std::string(type_name(value)) + "' is not JSON serializable");
    }
    put("[");
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) put(style_.item_separator);
      line_break(depth + 1);
      SLUICE_TRY_VOID(write(list.items[i], depth + 1));
    }
    if (!list.items.empty()) line_break(depth);
    put("]");
    return {};
  }

  Status write_key(const Value& key) {
    if (key.is_string()) return write_text(key.as_text());
    const std::string scalar = scalar_text(key);
    if (scalar.empty()) return refuse(Code::invalid, "a mapping's keys must be strings or numbers for tojson");
    put("\"" + scalar + "\"");
    return {};
  }

  Status write_map(const Map& map, int depth) {
    std::vector<size_t> order(map.entries.size());
    std::iota(order.begin(), order.end(), size_t{0});
    if (style_.sort_keys) {
      std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return map.entries[a].id < map.entries[b].id; });
    }
    put("{");
    for (size_t i = 0; i < order.size(); ++i) {
      if (i > 0) put(style_.item_separator);
      line_break(depth + 1);
      SLUICE_TRY_VOID(write_key(map.entries[order[i]].key));
      put(style_.key_separator);
      SLUICE_TRY_VOID(write(map.entries[order[i]].value, depth + 1));
    }
    if (!order.empty()) line_break(depth);
    put("}");
    return {};
  }

  Runtime& runtime_;
  const JsonStyle& style_;
  Origin around_;
  bool lenient_;
};

}  // namespace

Result<Value> parse_json(std::string_view text, uint64_t most) {
  Builder builder(most);
  const bool good = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return std::move(builder).finish(good);
}

Result<Text> to_json_text(Runtime& runtime, const Value& value, const JsonStyle& style) {
  SLUICE_TRY(const bool content, holds_content(runtime, value));
  JsonWriter writer(runtime, style, content ? Origin::content : Origin::markup, false);
  SLUICE_TRY_VOID(writer.write(value, 0));
  runtime.budget().note(writer.out.footprint());
  SLUICE_TRY_VOID(runtime.budget().step(writer.out.size() / 64));
  return std::move(writer.out);
}

std::string to_json(const Value& value, const JsonStyle& style) {
  Runtime runtime(std::nullopt, 0);
  JsonWriter writer(runtime, style, Origin::content, true);
  return writer.write(value, 0).ok() ? writer.out.bytes() : "null";
}

}  // namespace sluice::text
