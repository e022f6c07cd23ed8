#include "cli/chat/screen.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace sluice::cli {
namespace {

winsize window() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) size.ws_col = 80, size.ws_row = 24;
  if (size.ws_row == 0) size.ws_row = 24;
  return size;
}

}  // namespace

Screen::Screen() {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb" || *term == '\0';
  terminal_ = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1 && !dumb;
  const char* no_color = std::getenv("NO_COLOR");
  colour_ = terminal_ && (no_color == nullptr || *no_color == '\0');
}

int Screen::width() const { return std::max(window().ws_col - 1, 4); }
int Screen::height() const { return std::max<int>(window().ws_row, 4); }

void Screen::draw(const std::vector<std::string>& rows, const std::vector<std::string>& live) {
  if (rows.empty() && live.empty() && live_ == 0) return;
  std::string out = "\033[?2026h";  // shown at once where the terminal knows it
  if (live_ > 1) out += fmt::format("\033[{}A", live_ - 1);
  if (live_ > 0) out += "\r\033[J";
  for (const std::string& row : rows) out += row + "\n";
  for (size_t i = 0; i < live.size(); ++i) out += (i > 0 ? "\n" : "") + live[i];
  live_ = live.size();
  write_all(out + "\033[?2026l");
}

void Screen::print(std::string_view text) {
  if (live_ > 0) draw({}, {});
  write_all(text);
}

void Screen::write_all(std::string_view bytes) {
  while (!bytes.empty() && !failed_) {
    const ssize_t n = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      failed_ = true;
      return;
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace sluice::cli
