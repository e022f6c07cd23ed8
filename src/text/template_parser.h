// Template source to syntax tree. Errors: corrupt (malformed), unsupported (a tag, filter or test that does not exist
// here), over_budget (nested deeper than kMaxParseDepth); all with the line.
#pragma once

#include <string_view>

#include "sluice/status.h"
#include "text/template_ast.h"

namespace sluice::text {

constexpr int kMaxParseDepth = 100;
constexpr int kMaxLinksPerTag = 1000;  // attributes, items, calls, filters, tests: each nests the tree by one

Result<ast::Body> parse_template(std::string_view source);

}  // namespace sluice::text
