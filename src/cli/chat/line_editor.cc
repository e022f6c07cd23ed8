#include "cli/chat/line_editor.h"

#include <histedit.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "cli/chat/interrupts.h"
#include "text/utf8.h"

namespace sluice::cli {
namespace {

constexpr int kKept = 1000;       // lines of history
constexpr char kControlC = '\x03';

}  // namespace

struct LineEditor::Parts {
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::string history_file, prompt;
  bool interrupted = false;
};

namespace {

LineEditor::Parts& parts_of(EditLine* editor) {
  void* parts = nullptr;
  el_get(editor, EL_CLIENTDATA, &parts);
  return *static_cast<LineEditor::Parts*>(parts);
}

char* show_prompt(EditLine* editor) { return parts_of(editor).prompt.data(); }

// One character. A Ctrl-C arrives as a signal and goes on as the key that is bound to give the line up.
int read_character(EditLine*, wchar_t* out) {
  std::string bytes;
  for (;;) {
    if (!wait_for_input() && take_interrupts() > 0) {
      *out = kControlC;
      return 1;
    }
    char c = 0;
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n == 0) return 0;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    bytes += c;
    const text::Utf8Step step = text::utf8_step(bytes);
    if (step.kind == text::Utf8Step::truncated) continue;
    *out = step.kind == text::Utf8Step::complete ? static_cast<wchar_t>(step.code_point) : L'\ufffd';
    return 1;
  }
}

unsigned char give_up(EditLine* editor, int) {
  parts_of(editor).interrupted = true;
  return CC_NEWLINE;
}

// Characters are shown as they are where the locale knows UTF-8; a C locale would escape them.
void choose_locale() {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

}  // namespace

LineEditor::LineEditor(std::string history_file) : parts_(std::make_unique<Parts>()) {
  Parts& p = *parts_;
  choose_locale();
  p.history_file = std::move(history_file);
  HistEvent event;
  p.history = history_init();
  ::history(p.history, &event, H_SETSIZE, kKept);
  ::history(p.history, &event, H_SETUNIQUE, 1);
  if (!p.history_file.empty()) ::history(p.history, &event, H_LOAD, p.history_file.c_str());
  p.editor = el_init("sluice", stdin, stdout, stderr);
  el_set(p.editor, EL_CLIENTDATA, &p);
  el_set(p.editor, EL_PROMPT, show_prompt);
  el_set(p.editor, EL_EDITOR, "emacs");
  el_set(p.editor, EL_SIGNAL, 1);
  el_set(p.editor, EL_GETCFN, read_character);
  el_set(p.editor, EL_HIST, ::history, p.history);
  el_set(p.editor, EL_ADDFN, "sluice-give-up", "Gives the line up", give_up);
  el_set(p.editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(p.editor, nullptr);  // ~/.editrc
  el_set(p.editor, EL_BIND, "^C", "sluice-give-up", nullptr);
}

LineEditor::~LineEditor() {
  el_end(parts_->editor);
  history_end(parts_->history);
}

InputLine LineEditor::read(const std::string& prompt, bool keep) {
  Parts& p = *parts_;
  p.prompt = prompt;
  p.interrupted = false;
  int count = 0;
  el_resize(p.editor);
  el_set(p.editor, EL_PREP_TERM, 1);  // before the prompt shows: a key that answers it is the editor's, not the line discipline's
  const char* line = el_gets(p.editor, &count);
  if (p.interrupted) return {InputLine::interrupted};
  if (line == nullptr || count <= 0) return {InputLine::end};
  std::string bytes(line, static_cast<size_t>(count));
  if (bytes.ends_with('\n')) bytes.pop_back();
  if (keep && bytes.find_first_not_of(" \t") != std::string::npos) {
    HistEvent event;
    ::history(p.history, &event, H_ENTER, bytes.c_str());
    if (!p.history_file.empty()) ::history(p.history, &event, H_SAVE, p.history_file.c_str());
  }
  return {InputLine::text, std::move(bytes)};
}

}  // namespace sluice::cli
