// Runs of text in a style, and their breaking into rows: the lowest layer of the Markdown rendering.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

// Bits of a style.
enum Style : uint8_t { kPlain = 0, kBold = 1, kItalic = 2, kCode = 4, kLink = 8, kStruck = 16, kDim = 32, kTitle = 64 };

struct Run {
  std::string text;  // visible; a line feed is a hard break
  uint8_t style = kPlain;
};

// `text` between the escape sequences of a style; alone where nothing may be coloured.
std::string painted(std::string_view text, uint8_t style, bool colour);

// Breaks at spaces, or inside what is longer than a row; never in a character. At least one row; no row ends in a space.
std::vector<std::string> wrapped(const std::vector<Run>& runs, int width, bool colour);

int width_of(const std::vector<Run>& runs);

}  // namespace sluice::cli
