// str.format and the field styles that it shares with printf_format.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "text/quote.h"
#include "text/template_operators.h"
#include "text/template_print.h"
#include "text/template_printf.h"
#include "text/template_strings.h"

namespace sluice::text {
namespace {

constexpr int kMaxWidth = 10000;

Error bad(const std::string& why) {
  return {Code::invalid, "format(): " + why};
}

std::string with_thousands(const std::string& digits) {
  const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  std::string out;
  for (size_t i = 0; i < whole; ++i) {
    if (i > 0 && (whole - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out + digits.substr(whole);
}

// The number without its sign.
Result<std::string> magnitude(const Value& value, const FieldStyle& style) {
  char type = style.type;
  if (std::string_view("dxXob").find(type) != std::string_view::npos || (type == 0 && !value.is(Value::Kind::real))) {
    if (value.is(Value::Kind::real)) return bad("an integer is needed, not a float");
    if (value.is(Value::Kind::big_integer))
      return value.as_text().bytes().substr(value.as_text().view().starts_with('-') ? 1 : 0);
    const int64_t v = value.as_integer();
    uint64_t rest = v < 0 ? uint64_t{0} - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
    if (type == 'd' || type == 0) return std::to_string(rest);
    const uint64_t base = type == 'o' ? 8 : type == 'b' ? 2 : 16;
    std::string out;
    do {
      out.insert(out.begin(), (type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[rest % base]);
    } while ((rest /= base) != 0);
    if (style.alternate) out.insert(0, std::string("0") + type);
    return out;
  }
  double v = std::fabs(value.as_real());
  if (type == 0 && style.precision < 0) return python_float(v);
  const bool percent = type == '%';
  if (percent) v *= 100;
  if (percent || type == 0) type = percent ? 'f' : 'g';
  if (std::string_view("fFeEgG").find(type) == std::string_view::npos) return bad("unknown type " + quote_text({&type, 1}));
  const std::string pattern = std::string("%") + (style.alternate ? "#" : "") + ".*" + type;
  const int precision = style.precision < 0 ? 6 : style.precision;
  std::string out(static_cast<size_t>(std::max(0, std::snprintf(nullptr, 0, pattern.c_str(), precision, v))), '\0');
  std::snprintf(out.data(), out.size() + 1, pattern.c_str(), precision, v);
  return percent ? out + "%" : out;
}

bool negative(const Value& value) {
  if (value.is(Value::Kind::big_integer)) return value.as_text().view().starts_with('-');
  return value.is(Value::Kind::real) ? std::signbit(value.as_real()) : value.as_integer() < 0;
}

void pad(const Text& text, const FieldStyle& style, char align, size_t sign_size, Text& out) {
  const size_t have = count_characters(text.view());
  const size_t missing = static_cast<size_t>(style.width) > have ? static_cast<size_t>(style.width) - have : 0;
  const size_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  const size_t lead = align == '=' ? sign_size : 0;
  out.append(text, 0, lead);
  for (size_t i = 0; i < before; ++i) out.append(style.fill, text.origin());
  out.append(text, lead, text.size());
  for (size_t i = before; i < missing; ++i) out.append(style.fill, text.origin());
}

// "{name[0].key!r:>8}" without its braces.
class BraceField {
 public:
  BraceField(Runtime& runtime, const Arguments& arguments, size_t& next)
      : runtime_(runtime), arguments_(arguments), next_(next) {}

  Result<Text> fill(std::string_view field) {
    const size_t colon = std::min(field.find(':'), field.size());
    std::string_view name = field.substr(0, colon);
    if (field.substr(colon).find('{') != std::string_view::npos) return bad("nested fields are not supported");
    SLUICE_TRY(const FieldStyle style, parse_field_style(field.substr(std::min(colon + 1, field.size()))));
    const size_t bang = std::min(name.find('!'), name.size());
    const std::string_view conversion = name.substr(bang);
    name = name.substr(0, bang);
    SLUICE_TRY(const Value value, look_up(name));
    if (conversion.empty()) return format_field(runtime_, value, style);
    if (conversion != "!r" && conversion != "!s") return bad("unknown conversion");
    SLUICE_TRY(Text text, conversion == "!r" ? to_repr(runtime_, value) : to_str(runtime_, value));
    return format_field(runtime_, Value::string(std::move(text)), style);
  }

 private:
  Result<Value> first(std::string_view name) {
    if (name.find_first_not_of("0123456789") == std::string_view::npos) {
      (name.empty() ? counted_ : numbered_) = true;
      if (counted_ && numbered_) return bad("numbered and unnumbered fields in one format");
      const size_t i = name.empty()      ? next_++
                       : name.size() > 6 ? SIZE_MAX
                                         : static_cast<size_t>(std::stoi(std::string(name)));
      if (i >= arguments_.positional.size()) return bad("too few arguments");
      return arguments_.positional[i];
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    return bad("no argument " + quote_text(name));
  }

  Result<Value> look_up(std::string_view name) {
    size_t end = std::min(name.find_first_of(".["), name.size());
    SLUICE_TRY(Value at, first(name.substr(0, end)));
    while (end < name.size()) {
      SLUICE_TRY_VOID(runtime_.budget().step());
      const bool item = name[end] == '[';
      const size_t stop = item ? name.find(']', end) : std::min(name.find_first_of(".[", end + 1), name.size());
      if (stop == std::string_view::npos) return bad("'[' without ']'");
      const std::string_view part = name.substr(end + 1, stop - end - 1);
      const bool digits =
          !part.empty() && part.size() < 7 && part.find_first_not_of("0123456789") == std::string_view::npos;
      const Value key = digits ? Value::integer(std::stoi(std::string(part))) : Value::string(part);
      SLUICE_TRY(at, item ? subscript(runtime_, at, key) : attribute(runtime_, at, part));
      end = item ? stop + 1 : stop;
    }
    return at;
  }

  Runtime& runtime_;
  const Arguments& arguments_;
  size_t& next_;
  bool counted_ = false, numbered_ = false;
};

}  // namespace

Result<FieldStyle> parse_field_style(std::string_view source) {
  FieldStyle style;
  const size_t second = source.empty() ? 0 : character_end(source, 0);
  const auto is_align = [&](size_t i) {
    return i < source.size() && std::string_view("<>^=").find(source[i]) != std::string_view::npos;
  };
  size_t i = 0;
  if (second > 0 && is_align(second)) {
    style.fill = source.substr(0, second);
    style.align = source[second];
    i = second + 1;
  } else if (is_align(0)) {
    style.align = source[i++];
  }
  const auto next_is = [&](std::string_view set) {
    return i < source.size() && set.find(source[i]) != std::string_view::npos;
  };
  const auto number = [&] {
    int n = 0;
    while (next_is("0123456789") && n <= kMaxWidth) n = n * 10 + (source[i++] - '0');
    return n;
  };
  if (next_is("+- ")) style.sign = source[i++];
  if (next_is("#")) style.alternate = source[i++] == '#';
  if (next_is("0") && style.align == 0) {
    style.fill = "0";
    style.align = '=';
  }
  style.width = number();
  if (next_is(",_")) style.thousands = source[i++] == ',';
  if (next_is(".")) {
    ++i;
    style.precision = number();
  }
  if (i < source.size()) style.type = source[i++];
  if (i != source.size()) return bad("malformed field style");
  if (style.width > kMaxWidth || style.precision > kMaxWidth) return bad("a width or precision above 10000");
  return style;
}

Result<Text> format_field(Runtime& runtime, const Value& value, const FieldStyle& style) {
  Text out;
  const bool as_number = value.is_number() && !(value.is(Value::Kind::boolean) && style.type == 0);
  const auto precision = static_cast<uint64_t>(as_number ? std::max(style.precision, 0) : 0);
  const uint64_t digits = value.is(Value::Kind::big_integer) ? value.as_text().size() : 0;
  // Digits after the point are long division.
  SLUICE_TRY_VOID(runtime.budget().step((static_cast<uint64_t>(style.width) + digits) / 64 + precision / 8));
  if (!as_number) {
    if (style.type != 0 && style.type != 's')
      return bad("a number is needed, not '" + std::string(type_name(value)) + "'");
    SLUICE_TRY(Text text, to_str(runtime, value));
    if (style.precision >= 0) {
      SLUICE_TRY_VOID(runtime.budget().step(text.size() / 8));
      text = text.slice(0, offset_of(text.view(), static_cast<size_t>(style.precision)));
    }
    pad(text, style, style.align == 0 || style.align == '=' ? '<' : style.align, 0, out);
    return out;
  }
  SLUICE_TRY(std::string number, magnitude(value, style));
  if (style.thousands) number = with_thousands(number);
  const std::string sign = negative(value) ? "-" : style.sign == '-' ? "" : std::string(1, style.sign);
  pad(Text(sign + number, value.origin()), style, style.align == 0 ? '>' : style.align, sign.size(), out);
  return out;
}

Result<Value> brace_format(Runtime& runtime, const Text& format, const Arguments& arguments) {
  const std::string_view bytes = format.view();
  SLUICE_TRY_VOID(runtime.budget().step(bytes.size() / 8));
  Text out;
  size_t next = 0;
  BraceField field(runtime, arguments, next);
  for (size_t i = 0; i < bytes.size();) {
    const size_t brace = std::min(bytes.find_first_of("{}", i), bytes.size());
    out.append(format, i, brace);
    i = brace + 1;
    if (brace == bytes.size()) break;
    if (i < bytes.size() && bytes[i] == bytes[brace]) {
      out.append(format, brace, i++);
      continue;
    }
    const size_t close = bytes.find('}', i);
    if (bytes[brace] == '}' || close == std::string_view::npos) return bad("a single brace");
    SLUICE_TRY(const Text text, field.fill(bytes.substr(i, close - i)));
    SLUICE_TRY_VOID(runtime.budget().reserve(out.footprint() + text.footprint()));
    out.append(text);
    i = close + 1;
  }
  return runtime.string(std::move(out));
}

}  // namespace sluice::text
