// Python's two ways to fill a format string: "%s" % values and "{}".format(values). The text of the format keeps its
// origin, and so do the values set into it. Errors: invalid (malformed format, missing or unfit value), over_budget.
#pragma once

#include "sluice/status.h"
#include "text/template_runtime.h"

namespace sluice::text {

Result<Value> printf_format(Runtime& runtime, const Text& format, const Value& values);
Result<Value> brace_format(Runtime& runtime, const Text& format, const Arguments& arguments);

// What stands after the colon of "{:>8.2f}" or after a percent sign.
struct FieldStyle {
  std::string fill = " ";
  char align = 0;  // < > ^ =, 0: the type's habit
  char sign = '-';
  bool alternate = false;
  bool thousands = false;
  int width = 0;
  int precision = -1;
  char type = 0;
};

// Errors also: a width or a precision beyond 10000.
Result<Text> format_field(Runtime& runtime, const Value& value, const FieldStyle& style);
// Errors: invalid.
Result<FieldStyle> parse_field_style(std::string_view source);

}  // namespace sluice::text
