// Regular expressions of JSON Schema's "pattern" as grammars: a regular subset of ECMA-262 in its Unicode mode.
//
// Read: characters, '.', classes with ranges and \d \w \s (and \D \W \S), groups, (?:...), |, * + ? {m} {m,} {m,n} (lazy
// or not: the language is the same), escapes \n \t \r \f \v \0 \xHH \uHHHH \u{H...} and escaped punctuation, ^ at the
// beginning and $ at the end of the whole or of one of its alternatives. Without an anchor anything may stand on that
// side, as the standard says. Refused by name: look-around, back references, \b, \p{...}, named groups, ^ and $ elsewhere.
#pragma once

#include <string_view>

#include "sluice/status.h"
#include "text/grammar/characters.h"
#include "text/grammar/grammar.h"

namespace sluice::text {

// A text that the pattern matches, without quotes; `any` stands for one arbitrary character in the same spelling.
// Errors: unsupported, corrupt (with the byte), over_budget (nested too deeply).
Result<NodeId> pattern_text(Grammar& grammar, std::string_view pattern, Spelling spelling, NodeId any);

}  // namespace sluice::text
