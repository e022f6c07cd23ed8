#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace sluice::cli {

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(std::string_view what, double share) {
  if (!terminal_) return;
  std::string line = fmt::format("{} {:3.0f} %", what, 100 * share);
  if (line == shown_) return;
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
  shown_ = std::move(line);
}

void ProgressLine::clear() {
  if (!shown_.empty()) fmt::print(stderr, "\r\033[K");
  shown_.clear();
}

}  // namespace sluice::cli
