#include "text/template_print.h"

#include <utf8proc.h>

#include <charconv>
#include <cmath>

#include "text/template_operators.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

bool printable(char32_t c) {
  if (c == ' ') return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

std::string hex_escape(char32_t c) {
  const int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
  std::string out = digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[(c >> shift) & 15];
  return out;
}

// Empty: the character stands for itself.
std::string repr_escape(char32_t c, char quote) {
  if (c == '\\' || c == static_cast<char32_t>(quote)) return {'\\', static_cast<char>(c)};
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  return printable(c) ? "" : hex_escape(c);
}

void repr_text(const Text& text, Text& out) {
  const std::string& bytes = text.bytes();
  const bool single = bytes.find('\'') != std::string::npos && bytes.find('"') == std::string::npos;
  const char quote = single ? '"' : '\'';
  const Origin around = text.origin();
  out.append({&quote, 1}, around);
  for (size_t i = 0; i < bytes.size();) {
    const Utf8Step step = utf8_step(std::string_view(bytes).substr(i));
    const std::string escape = step.kind == Utf8Step::complete ? repr_escape(step.code_point, quote) : "";
    if (escape.empty()) {
      out.append(text, i, i + step.size);
    } else {
      out.append(escape, text.origin_at(i));
    }
    i += step.size;
  }
  out.append({&quote, 1}, around);
}

std::string scalar_text(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::none:
      return "None";
    case Value::Kind::boolean:
      return value.as_bool() ? "True" : "False";
    case Value::Kind::integer:
      return std::to_string(value.as_integer());
    case Value::Kind::real:
      return python_float(value.as_real());
    case Value::Kind::big_integer:
      return value.as_text().bytes();
    case Value::Kind::object:
      return "<" + std::string(value.as_object().type_name()) + ">";
    default:
      return "";
  }
}

struct Brackets {
  std::string_view open, close;
};

Brackets brackets(const List& list) {
  switch (list.kind) {
    case ListKind::tuple:
      return {"(", list.items.size() == 1 ? ",)" : ")"};
    case ListKind::keys:
      return {"dict_keys([", "])"};
    case ListKind::values:
      return {"dict_values([", "])"};
    case ListKind::items:
      return {"dict_items([", "])"};
    case ListKind::generator:
      return {"<generator [", "]>"};
    case ListKind::list:
      break;
  }
  return {"[", "]"};
}

class ReprWriter {
 public:
  ReprWriter(Runtime& runtime, Origin around, Text& out) : runtime_(runtime), around_(around), out_(out) {}

  Status write(const Value& value, int depth) {
    SLUICE_TRY_VOID(runtime_.budget().step());
    if (depth > kMaxValueDepth || out_.footprint() > kMaxOutputBytes) {
      return Error{Code::over_budget, "a value is too deep or too large to print"};
    }
    if (value.is_list()) return write_list(value.as_list(), depth);
    if (value.is_map()) return write_map(value.as_map(), depth);
    if (value.is_string()) {
      repr_text(value.as_text(), out_);
    } else if (value.is_undefined()) {
      out_.append("Undefined", around_);
    } else {
      out_.append(scalar_text(value), around_);
    }
    return {};
  }

 private:
  Status write_list(const List& list, int depth) {
    const Brackets b = brackets(list);
    out_.append(b.open, around_);
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) out_.append(", ", around_);
      SLUICE_TRY_VOID(write(list.items[i], depth + 1));
    }
    out_.append(b.close, around_);
    return {};
  }

  Status write_map(const Map& map, int depth) {
    out_.append(map.is_namespace ? "<Namespace {" : "{", around_);
    for (size_t i = 0; i < map.entries.size(); ++i) {
      if (i > 0) out_.append(", ", around_);
      SLUICE_TRY_VOID(write(map.entries[i].key, depth + 1));
      out_.append(": ", around_);
      SLUICE_TRY_VOID(write(map.entries[i].value, depth + 1));
    }
    out_.append(map.is_namespace ? "}>" : "}", around_);
    return {};
  }

  Runtime& runtime_;
  Origin around_;
  Text& out_;
};

}  // namespace

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto as = [&](std::chars_format format) {
    return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr);
  };
  std::string scientific = as(std::chars_format::scientific);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  if (value != 0 && (exponent < -4 || exponent >= 16)) return scientific;
  std::string fixed = as(std::chars_format::fixed);
  if (fixed.find('.') == std::string::npos) fixed += ".0";
  return fixed;
}

Result<Text> to_repr(Runtime& runtime, const Value& value) {
  SLUICE_TRY(const bool content, holds_content(runtime, value));
  Text out;
  ReprWriter writer(runtime, content ? Origin::content : Origin::markup, out);
  SLUICE_TRY_VOID(writer.write(value, 0));
  runtime.budget().note(out.footprint());
  SLUICE_TRY_VOID(runtime.budget().step(out.size() / 64));
  return out;
}

Result<Text> to_str(Runtime& runtime, const Value& value) {
  if (value.is_string()) {
    SLUICE_TRY_VOID(runtime.budget().step(value.as_text().size() / 256));
    return value.as_text();
  }
  if (value.is_undefined()) return Text();
  if (value.is_list() || value.is_map()) return to_repr(runtime, value);
  return Text(scalar_text(value), value.origin());
}

}  // namespace sluice::text
