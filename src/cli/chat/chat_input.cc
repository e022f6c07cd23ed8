#include "cli/chat/chat_input.h"

#include <unistd.h>

#include <cerrno>

#include "cli/chat/interrupts.h"

namespace sluice::cli {
namespace {

constexpr size_t kLongestLine = size_t{16} << 20;
constexpr std::string_view kQuotes = "\"\"\"";

// Byte by byte: what follows belongs to the next turn, or to a program that is started.
InputLine plain_line() {
  std::string out;
  while (out.size() < kLongestLine) {
    if (!wait_for_input() && take_interrupts() > 0) return {InputLine::interrupted};
    char c = 0;
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return out.empty() ? InputLine{InputLine::end} : InputLine{InputLine::text, std::move(out)};
    if (c == '\n') break;
    out += c;
  }
  if (out.ends_with('\r')) out.pop_back();
  return {InputLine::text, std::move(out)};
}

}  // namespace

ChatInput::ChatInput(bool editing, const std::string& history_file) {
  if (editing) editor_ = std::make_unique<LineEditor>(history_file);
}

InputLine ChatInput::line(const std::string& prompt, bool keep) { return editor_ != nullptr ? editor_->read(prompt, keep) : plain_line(); }

InputLine ChatInput::quoted(std::string text) {
  text.erase(0, kQuotes.size());
  for (bool first = true;; first = false) {
    const size_t end = text.size() >= kQuotes.size() && text.ends_with(kQuotes) ? text.size() - kQuotes.size() : std::string::npos;
    if (end != std::string::npos) {
      text.erase(end);
      if (text.ends_with('\n')) text.pop_back();
      return {InputLine::text, std::move(text)};
    }
    InputLine next = line("... ", true);
    if (next.kind == InputLine::end && !text.empty() && editor_ == nullptr) return {InputLine::text, std::move(text)};
    if (next.kind != InputLine::text) return next;
    if (!first || !text.empty()) text += '\n';
    text += next.bytes;
  }
}

InputLine ChatInput::turn() {
  InputLine out = line("> ", true);
  if (out.kind != InputLine::text) return out;
  if (out.bytes.starts_with(kQuotes)) return quoted(std::move(out.bytes));
  while (out.bytes.ends_with('\\')) {
    InputLine next = line("... ", true);
    if (next.kind == InputLine::interrupted) return next;
    out.bytes.back() = '\n';
    if (next.kind == InputLine::end) {
      out.bytes.pop_back();
      break;
    }
    out.bytes += next.bytes;
  }
  return out;
}

InputLine ChatInput::answer(const std::string& question) { return line(question, false); }

}  // namespace sluice::cli
