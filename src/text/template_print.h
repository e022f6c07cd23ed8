// Values as text: Python's str() and repr(), json.dumps. The text keeps the origin of the strings in it; what the
// writer adds around them (quotes, commas, numbers of containers) is content as soon as the value holds any content.
// Errors: over_budget (nested too deep or too large), invalid (JSON of what JSON cannot hold).
#pragma once

#include <string>

#include "sluice/status.h"
#include "text/template_runtime.h"

namespace sluice::text {

// The shortest decimal that reads back as the same number, laid out as Python's repr.
std::string python_float(double value);

Result<Text> to_str(Runtime& runtime, const Value& value);
Result<Text> to_repr(Runtime& runtime, const Value& value);
Result<Text> to_json_text(Runtime& runtime, const Value& value, const JsonStyle& style);

}  // namespace sluice::text
