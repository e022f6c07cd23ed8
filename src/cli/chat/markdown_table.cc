#include "cli/chat/markdown_table.h"

#include <algorithm>

namespace sluice::cli {
namespace {

constexpr int kMostColumns = 128;

std::string one_row(const std::vector<Run>& cell, bool colour) { return wrapped(cell, 1 << 20, colour)[0]; }

std::string padded(const std::vector<Run>& cell, int width, Side side, bool colour) {
  const int room = width - width_of(cell);
  const int left = side == Side::left ? 0 : side == Side::right ? room : room / 2;
  const auto blanks = [](int n) { return std::string(static_cast<size_t>(std::max(n, 0)), ' '); };
  return blanks(left) + one_row(cell, colour) + blanks(room - left);
}

std::vector<std::string> under_names(const std::vector<TableRow>& rows, int width, bool colour) {
  std::vector<std::string> out;
  for (size_t r = 1; r < rows.size(); ++r) {
    if (r > 1) out.emplace_back();
    for (size_t c = 0; c < rows[r].size(); ++c) {
      std::vector<Run> line;
      if (c < rows[0].size()) line = rows[0][c];
      line.push_back({": ", kBold});
      line.insert(line.end(), rows[r][c].begin(), rows[r][c].end());
      for (std::string& row : wrapped(line, width, colour)) out.push_back(std::move(row));
    }
  }
  return out;
}

std::string rule(const std::vector<int>& widths) {
  std::string out;
  for (size_t c = 0; c < widths.size(); ++c) {
    if (c > 0) out += "─┼─";
    for (int i = 0; i < widths[c]; ++i) out += "─";
  }
  return out;
}

}  // namespace

std::vector<std::string> table_rows(const std::vector<TableRow>& rows, const std::vector<Side>& sides, int width, bool colour) {
  std::vector<int> widths;
  for (const TableRow& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width_of(row[c]));
  }
  int64_t whole = 3 * (static_cast<int64_t>(widths.size()) - 1);
  for (const int each : widths) whole += each;
  if (rows.size() > 1 && (whole > width || widths.size() > kMostColumns)) return under_names(rows, width, colour);
  std::vector<std::string> out;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t c = 0; c < rows[r].size(); ++c) {
      if (c > 0) line += " │ ";
      line += padded(rows[r][c], widths[c], c < sides.size() ? sides[c] : Side::left, colour);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out.push_back(std::move(line));
    if (r == 0) out.push_back(rule(widths));
  }
  return out;
}

}  // namespace sluice::cli
