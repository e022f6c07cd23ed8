// Text up to a mark, or without certain marks: the automaton of Aho and Corasick written as rules.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammar/grammar.h"

namespace sluice::text {

struct Mark {
  std::string text;         // ASCII, not empty; none may be inside another one
  bool forbidden = false;   // must not occur; else the text may go on with `then` behind its first occurrence
  NodeId then = 0;
};

struct UntilOptions {
  bool free = false;      // any bytes, tokens without text too; else UTF-8
  bool may_end = false;   // the text may also end (and what follows the node go on) before any mark
};

// Errors are none; too large a set shows as Grammar::overflowed().
NodeId text_until(Grammar& grammar, std::span<const Mark> marks, const UntilOptions& options);

// Characters that JSON strings hold as they are, `less` excepted, and that are none of `words` as a whole.
NodeId text_unlike(Grammar& grammar, std::span<const std::string> words, std::string_view less);

}  // namespace sluice::text
