// String work in Python's terms (characters are code points, whitespace is Unicode's) on Text, so that origins survive.
// Pure functions. Malformed UTF-8 is walked byte by byte.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "text/template_text.h"

namespace sluice::text {

bool is_space(char32_t c);
size_t count_characters(std::string_view bytes);
// Byte offsets of all characters, then bytes.size().
std::vector<size_t> boundaries(std::string_view bytes);
// As string_view::find, in linear time whatever the needle.
size_t find_bytes(std::string_view bytes, std::string_view needle, size_t from);

enum class Sides { both, left, right };
// Without `chars`: whitespace.
Text strip(const Text& text, Sides sides, std::optional<std::string_view> chars);

enum class Case { upper, lower, title, capital, swapped };
Text with_case(const Text& text, Case to);

// At most `limit` cuts; limit < 0: all. REQUIRES: separator is not empty.
std::vector<Text> split(const Text& text, std::string_view separator, int64_t limit);
std::vector<Text> split_right(const Text& text, std::string_view separator, int64_t limit);
std::vector<Text> split_space(const Text& text, int64_t limit);
std::vector<Text> split_space_right(const Text& text, int64_t limit);
std::vector<Text> split_lines(const Text& text, bool keep_ends);

// Places where replace() would put `to`; for sizing it beforehand.
size_t count_matches(std::string_view bytes, std::string_view needle);
// At most `limit` replacements; limit < 0: all. An empty `from` matches around every character.
Text replace(const Text& text, std::string_view from, const Text& to, int64_t limit);

}  // namespace sluice::text
