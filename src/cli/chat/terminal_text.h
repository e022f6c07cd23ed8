// Text of strangers (models, tools, files) on a terminal: nothing in it may steer the terminal, and its width is known.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// Control characters made visible (ESC as U+241B and so on), C1 controls, directional overrides and what is not UTF-8 as
// U+FFFD; carriage returns go, line feeds and tabs stay. Character by character: cutting the text between characters
// changes nothing.
std::string visible(std::string_view text);
void append_visible(char32_t code_point, std::string& out);

// What one column position shows: a character with its combining marks.
struct Cluster {
  std::string_view bytes;
  int width;  // columns: 0, 1 or 2
};

// Points into `text`, which has no line feeds.
std::vector<Cluster> clusters(std::string_view text);

int text_width(std::string_view text);

// Cut into rows of at most `width` columns, at line feeds and anywhere else; tabs become spaces. At least one row.
std::vector<std::string> cut_rows(std::string_view text, int width);

// Shortened to at most `width` columns, with an ellipsis where something is missing.
std::string shortened(std::string_view text, int width);

}  // namespace sluice::cli
