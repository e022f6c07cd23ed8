#include "cli/chat/styled.h"

#include <algorithm>

#include "cli/chat/terminal_text.h"

namespace sluice::cli {
namespace {

struct Piece {
  std::string_view bytes;
  int width;
  uint8_t style;
};

// Rows of pieces into text, one escape sequence a run of equal style.
std::string row_text(const std::vector<Piece>& row, bool colour) {
  size_t size = row.size();
  while (size > 0 && row[size - 1].bytes == " ") --size;
  std::string out;
  for (size_t i = 0; i < size;) {
    std::string same;
    const uint8_t style = row[i].style;
    for (; i < size && row[i].style == style; ++i) same += row[i].bytes;
    out += painted(same, style, colour);
  }
  return out;
}

class Wrapper {
 public:
  Wrapper(int width, bool colour) : width_(std::max(width, 2)), colour_(colour) {}

  void put(Piece piece) {
    if (piece.bytes == " ") {
      end_word();
      if (column_ < width_ && !row_.empty()) {
        row_.push_back(piece);
        ++column_;
      }
      return;
    }
    if (word_width_ + piece.width > width_) end_word();  // longer than a row
    word_.push_back(piece);
    word_width_ += piece.width;
  }

  void end_row() {
    end_word();
    break_row();
  }

  std::vector<std::string> rows() {
    end_word();
    if (!row_.empty() || rows_.empty()) break_row();
    return std::move(rows_);
  }

 private:
  void end_word() {
    if (column_ > 0 && column_ + word_width_ > width_) break_row();
    row_.insert(row_.end(), word_.begin(), word_.end());
    column_ += word_width_;
    word_.clear();
    word_width_ = 0;
  }
  void break_row() {
    rows_.push_back(row_text(row_, colour_));
    row_.clear();
    column_ = 0;
  }

  const int width_;
  const bool colour_;
  std::vector<Piece> row_, word_;
  int column_ = 0, word_width_ = 0;
  std::vector<std::string> rows_;
};

}  // namespace

std::string painted(std::string_view text, uint8_t style, bool colour) {
  if (!colour || style == kPlain || text.empty()) return std::string(text);
  std::string codes;
  auto add = [&](uint8_t bit, std::string_view code) {
    if ((style & bit) != 0) codes += (codes.empty() ? "" : ";") + std::string(code);
  };
  add(kBold, "1");
  add(kDim, "2");
  add(kItalic, "3");
  add(kLink, "4");
  add(kStruck, "9");
  add(kCode, "36");
  add(kTitle, "1;35");
  return "\033[" + codes + "m" + std::string(text) + "\033[0m";
}

std::vector<std::string> wrapped(const std::vector<Run>& runs, int width, bool colour) {
  Wrapper out(width, colour);
  for (const Run& run : runs) {
    std::string_view rest = run.text;
    for (;;) {
      const size_t end = std::min(rest.find('\n'), rest.size());
      for (const Cluster& c : clusters(rest.substr(0, end))) out.put({c.bytes == "\t" ? " " : c.bytes, c.bytes == "\t" ? 1 : c.width, run.style});
      if (end == rest.size()) break;
      out.end_row();
      rest.remove_prefix(end + 1);
    }
  }
  return out.rows();
}

int width_of(const std::vector<Run>& runs) {
  int out = 0;
  for (const Run& run : runs) out += text_width(run.text);
  return out;
}

}  // namespace sluice::cli
