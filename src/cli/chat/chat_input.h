// What the user says, turn by turn: from the line editor on a terminal, else from standard input as it is.
#pragma once

#include <memory>
#include <string>

#include "cli/chat/line_editor.h"

namespace sluice::cli {

class ChatInput {
 public:
  // `editing`: standard input and output are a terminal.
  ChatInput(bool editing, const std::string& history_file);

  // A turn: one line; several where lines end in a backslash, or between """ and """.
  InputLine turn();

  // One line in answer to a question; not kept in the history.
  InputLine answer(const std::string& question);

 private:
  InputLine line(const std::string& prompt, bool keep);
  InputLine quoted(std::string first);

  std::unique_ptr<LineEditor> editor_;  // null: no terminal
};

}  // namespace sluice::cli
