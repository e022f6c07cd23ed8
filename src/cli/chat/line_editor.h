// A line from the keyboard, edited by libedit, with a history that is kept.
#pragma once

#include <memory>
#include <string>

namespace sluice::cli {

struct InputLine {
  enum Kind { text, end, interrupted };  // end: Ctrl-D or the end of the input; interrupted: Ctrl-C
  Kind kind = end;
  std::string bytes = {};  // without the line's end
};

// One at a time in a process: it looks at the chat's interrupts (interrupts.h).
class LineEditor {
 public:
  // Loads the history; every line kept is saved there at once, readable by nobody else. An empty name keeps none.
  explicit LineEditor(std::string history_file);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  InputLine read(const std::string& prompt, bool keep);

  struct Parts;

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::cli
