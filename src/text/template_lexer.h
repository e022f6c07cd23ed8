// Template source to tokens, with Jinja2's whitespace rules as Hugging Face sets them: trim_blocks (the newline after a
// block tag goes), lstrip_blocks (blanks before a block tag that begins its line go), one newline at the very end goes,
// "-" and "+" beside a tag override. Comments vanish here, raw blocks become data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"

namespace sluice::text {

constexpr size_t kMaxTemplateBytes = size_t{1} << 20;

struct Token {
  enum class Kind { data, print_begin, print_end, block_begin, block_end, name, string, integer, real, op, end };
  Kind kind;
  std::string text;  // data and strings decoded, numbers without underscores
  uint32_t line;     // from 1
};

// The last token is `end`. Errors: corrupt (with the line), over_budget (source larger than kMaxTemplateBytes).
Result<std::vector<Token>> lex_template(std::string_view source);

// "template line 7: what"
Error template_error(Code code, uint32_t line, std::string_view what);

}  // namespace sluice::text
