// One block of Markdown (a paragraph, list, quote, table ...) as rows for a terminal, by md4c.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

struct MarkdownLook {
  int width = 80;      // columns; rows are no wider, but for the bars of quotes nested deeper than that
  bool colour = true;  // else no escape sequence at all: code keeps its backticks, titles their #
};

// Any bytes; what comes out holds no escape sequences but our own.
std::vector<std::string> render_block(std::string_view source, const MarkdownLook& look);

// One line inside a code block.
std::vector<std::string> render_code_line(std::string_view line, const MarkdownLook& look);

}  // namespace sluice::cli
