// Markdown that is still being written: finished blocks come out as rows, the rest is shown as it is meanwhile.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/chat/markdown_block.h"

namespace sluice::cli {

// However the text is cut, the rows joined are the same. Link definitions count in their own block only.
class MarkdownStream {
 public:
  explicit MarkdownStream(const MarkdownLook& look) : look_(look) {}

  // The rows that became final.
  std::vector<std::string> push(std::string_view text);
  std::vector<std::string> finish();

  // What is not final yet, as written.
  std::string tail() const { return block_ + line_; }

 private:
  void take_line(std::string line, std::vector<std::string>& out);
  void end_block(std::vector<std::string>& out);
  void add_rows(std::vector<std::string> rows, std::vector<std::string>& out);
  bool goes_on(std::string_view line) const;

  const MarkdownLook look_;
  std::string line_;    // begun
  std::string block_;   // whole lines of the open block
  std::string fence_;   // of the open code block
  bool list_ = false;   // the open block is a list
  bool blank_ = false;  // a blank line came last
  bool any_ = false;    // rows were given out
};

}  // namespace sluice::cli
