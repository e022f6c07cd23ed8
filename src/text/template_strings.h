// String work in Python's terms (characters are code points, whitespace is Unicode's) on Text, so that origins survive.
// Pure functions. Malformed UTF-8 is walked byte by byte.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "sluice/status.h"
#include "text/template_text.h"

namespace sluice::text {

bool is_space(char32_t c);
size_t count_characters(std::string_view bytes);
// Where the character ends that begins at byte i. REQUIRES: i < bytes.size().
size_t character_end(std::string_view bytes, size_t i);
// Where the character begins that ends at byte `end`. REQUIRES: 0 < end <= bytes.size().
size_t character_begin(std::string_view bytes, size_t end);
// The byte at which character n begins; bytes.size() when there are no more than n.
size_t offset_of(std::string_view bytes, size_t n);
// As string_view::find, in linear time whatever the needle.
size_t find_bytes(std::string_view bytes, std::string_view needle, size_t from);

enum class Sides { both, left, right };
// Without `chars`: whitespace.
Text strip(const Text& text, Sides sides, std::optional<std::string_view> chars);

enum class Case { upper, lower, title, capital, swapped };
Text with_case(const Text& text, Case to);

// Pieces are handed over as they are cut (from the right: the last one first), so that whoever keeps them can stop. The
// first error of `take` is the result. At most `limit` cuts; limit < 0: all. REQUIRES: separator is not empty.
using TakePiece = std::function<Status(Text)>;
Status split(const Text& text, std::string_view separator, int64_t limit, const TakePiece& take);
Status split_right(const Text& text, std::string_view separator, int64_t limit, const TakePiece& take);
Status split_space(const Text& text, int64_t limit, const TakePiece& take);
Status split_space_right(const Text& text, int64_t limit, const TakePiece& take);
Status split_lines(const Text& text, bool keep_ends, const TakePiece& take);

// Places where replace() would put `to`; for sizing it beforehand.
size_t count_matches(std::string_view bytes, std::string_view needle);
// At most `limit` replacements; limit < 0: all. An empty `from` matches around every character.
Text replace(const Text& text, std::string_view from, const Text& to, int64_t limit);

}  // namespace sluice::text
