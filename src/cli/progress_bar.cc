#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/values.h"

namespace sluice::cli {

ProgressBar::ProgressBar() : shown_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
}

void ProgressBar::show(uint64_t done, uint64_t total) {
  const auto now = Clock::now();
  if (!shown_ || now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  drawn_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  fmt::print(stderr, "\r\x1b[K{} of {} ({:.0f} %), {}/s", show_bytes(static_cast<double>(done)),
             show_bytes(static_cast<double>(total)), 100.0 * static_cast<double>(done) / static_cast<double>(total),
             show_bytes(static_cast<double>(done) / seconds));
  std::fflush(stderr);
}

}  // namespace sluice::cli
