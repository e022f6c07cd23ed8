// A Markdown table laid out for a terminal.
#pragma once

#include <string>
#include <vector>

#include "cli/chat/styled.h"

namespace sluice::cli {

using TableRow = std::vector<std::vector<Run>>;  // cells
enum class Side { left, centre, right };

// The first row is the head. In columns where they fit into `width`, else every cell under its head's name.
std::vector<std::string> table_rows(const std::vector<TableRow>& rows, const std::vector<Side>& sides, int width, bool colour);

}  // namespace sluice::cli
