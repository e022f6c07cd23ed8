#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/values.h"

namespace sluice::cli {
namespace {

constexpr auto kPatience = std::chrono::seconds(1);  // what ends sooner needs no line
constexpr auto kBetween = std::chrono::milliseconds(100);

}  // namespace

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

bool ProgressLine::due() {
  if (!terminal_) return false;
  const auto now = Clock::now();
  if (now - start_ < kPatience || now - last_ < kBetween) return false;
  last_ = now;
  return true;
}

void ProgressLine::show(std::string line) {
  if (!due() || line == shown_) return;
  fmt::print(stderr, "\r\033[K{}", line);
  std::fflush(stderr);
  shown_ = std::move(line);
}

void ProgressLine::show(std::string_view what, double share) {
  show(fmt::format("{} {:3.0f} %", what, 100 * share));
}

void ProgressLine::show_copy(uint64_t done, uint64_t total) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  show(fmt::format("{} of {} ({:.0f} %), {}/s", show_bytes(static_cast<double>(done)), show_bytes(static_cast<double>(total)),
                   100.0 * static_cast<double>(done) / static_cast<double>(total), show_bytes(static_cast<double>(done) / seconds)));
}

void ProgressLine::clear() {
  if (!shown_.empty()) {
    fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
  }
  shown_.clear();
}

}  // namespace sluice::cli
