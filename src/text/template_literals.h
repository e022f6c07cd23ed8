// Literals of the template language, as Python writes them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sluice/status.h"

namespace sluice::text {

// The inside of a quoted string, its backslash escapes replaced. Errors: corrupt (an escape that names no character).
Result<std::string> unescape(std::string_view source);

struct NumberLiteral {
  std::string digits;  // decimal, without underscores
  size_t size;         // bytes of source
  bool real;
};

// The number that `source` begins with; as a whole number only unless `real_allowed`. REQUIRES: a leading digit.
Result<NumberLiteral> read_number(std::string_view source, bool real_allowed);

}  // namespace sluice::text
