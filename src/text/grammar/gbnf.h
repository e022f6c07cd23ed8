// GBNF, the grammar notation of llama.cpp (its grammars/README.md describes it):
//   name ::= alternatives        root is where texts begin; names are letters, digits and '-'
//   "text" [set] [^set] . (...)  escapes \n \r \t \\ \" \[ \] \xHH \uHHHH \UHHHHHHHH
//   * + ? {m} {m,} {m,n} {,n}    behind any of these
//   # ...                        to the end of the line
// '.' is any character. A line break ends a rule unless it stands in parentheses or behind ::= or |. References to
// tokens (<[12]>, <name>) are refused: masks work on text here.
#pragma once

#include <string_view>

#include "sluice/status.h"
#include "text/grammar/grammar.h"

namespace sluice::text {

// Adds the rules and gives the one called "root". Errors: corrupt (with the line), unsupported, over_budget.
Result<RuleId> parse_gbnf(Grammar& grammar, std::string_view source);

}  // namespace sluice::text
