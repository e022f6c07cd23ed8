// The hand-written half of the pre-tokenizer.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::text {

// Length of the piece at the front of `text`, or 0 when a byte outside ASCII has a say in where it ends, so that the
// regular expression must decide. On ASCII the two expressions of pre_regex() are the same rule. Linear in the length
// of the piece, except that white space behind a line break may be looked at once more.
size_t ascii_piece(std::string_view text);

}  // namespace sluice::text
