// Methods of str that pad to a width or ask about the characters.
#include <utf8proc.h>

#include "text/template_methods.h"
#include "text/template_printf.h"
#include "text/template_strings.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

bool is_alpha(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_ND || c == 0xb2 || c == 0xb3 ||
         c == 0xb9;
}

bool is_numeric(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_NO;
}

bool is_alphanumeric(char32_t c) {
  return is_alpha(c) || is_numeric(c);
}
bool is_ascii(char32_t c) {
  return c < 0x80;
}

template <bool (*test)(char32_t), bool when_empty = false>
Result<Value> all_are(Runtime& runtime, const Value& self, const Arguments&) {
  std::string_view bytes = self.as_text().view();
  SLUICE_TRY_VOID(runtime.budget().step(bytes.size() / 16));
  if (bytes.empty()) return Value::boolean(when_empty);
  while (!bytes.empty()) {
    const Utf8Step step = utf8_step(bytes);
    if (step.kind != Utf8Step::complete || !test(step.code_point)) return Value::boolean(false);
    bytes.remove_prefix(step.size);
  }
  return Value::boolean(true);
}

// At least one cased character, and all cased ones of that case.
template <bool upper>
Result<Value> cased(Runtime& runtime, const Value& self, const Arguments&) {
  const Text& text = self.as_text();
  SLUICE_TRY_VOID(runtime.budget().step(text.size() / 8));
  const std::string up = with_case(text, Case::upper).bytes();
  const std::string low = with_case(text, Case::lower).bytes();
  return Value::boolean(up != low && text.bytes() == (upper ? up : low));
}

template <char align>
Result<Value> padded(Runtime& runtime, const Value& self, const Arguments& args) {
  SLUICE_TRY(const int64_t width, integer_argument(args, 0, 0));
  FieldStyle style;
  if (has_argument(args, 1)) {
    SLUICE_TRY(const Text fill, text_argument(runtime, args, 1));
    if (count_characters(fill.view()) != 1) return Error{Code::invalid, "the fill must be one character"};
    style.fill = fill.bytes();
  }
  if (width > static_cast<int64_t>(kMaxOutputBytes) / 64) return Error{Code::invalid, "the width is too large"};
  style.width = static_cast<int>(std::max<int64_t>(0, width));
  style.align = align;
  if (align == '^') {  // str.center puts the odd blank elsewhere than format does
    const int have = static_cast<int>(count_characters(self.as_text().view()));
    const int missing = std::max(0, style.width - have);
    const int left = missing / 2 + (missing & style.width & 1);
    FieldStyle inner = style;
    inner.align = '>';
    inner.width = have + left;
    SLUICE_TRY(Text shifted, format_field(runtime, self, inner));
    style.align = '<';
    SLUICE_TRY(Text text, format_field(runtime, Value::string(std::move(shifted)), style));
    return runtime.string(std::move(text));
  }
  SLUICE_TRY(Text text, format_field(runtime, self, style));
  return runtime.string(std::move(text));
}

Result<Value> zero_filled(Runtime& runtime, const Value& self, const Arguments& args) {
  const Text& text = self.as_text();
  const bool sign = text.view().starts_with('+') || text.view().starts_with('-');
  SLUICE_TRY(const int64_t width, integer_argument(args, 0, 0));
  if (width > static_cast<int64_t>(kMaxOutputBytes) / 64) return Error{Code::invalid, "the width is too large"};
  FieldStyle style;
  style.fill = "0";
  style.align = '>';
  style.width = static_cast<int>(std::max<int64_t>(0, width - (sign ? 1 : 0)));
  Text out = text.slice(0, sign ? 1 : 0);
  SLUICE_TRY(const Text digits, format_field(runtime, Value::string(text.slice(sign ? 1 : 0, text.size())), style));
  out.append(digits);
  return runtime.string(std::move(out));
}

constexpr Builtin kMethods[] = {
    {"isalpha", "", 0, all_are<is_alpha>},
    {"isdigit", "", 0, all_are<is_digit>},
    {"isdecimal", "", 0, all_are<is_digit>},
    {"isnumeric", "", 0, all_are<is_numeric>},
    {"isalnum", "", 0, all_are<is_alphanumeric>},
    {"isspace", "", 0, all_are<is_space>},
    {"isascii", "", 0, all_are<is_ascii, true>},
    {"isupper", "", 0, cased<true>},
    {"islower", "", 0, cased<false>},
    {"ljust", "width fillchar", 1, padded<'<'>},
    {"rjust", "width fillchar", 1, padded<'>'>},
    {"center", "width fillchar", 1, padded<'^'>},
    {"zfill", "width", 1, zero_filled},
};

}  // namespace

std::span<const Builtin> string_tests() {
  return kMethods;
}

}  // namespace sluice::text
