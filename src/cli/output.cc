#include "cli/output.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

namespace sluice::cli {

Output::Output() : terminal_(::isatty(STDOUT_FILENO) == 1) {}

bool Output::write(std::string_view text) {
  if (error_ != 0) return false;
  if (text.empty()) return true;
  errno = 0;
  const bool whole = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!whole) error_ = errno != 0 ? errno : EIO;
  line_open_ = text.back() != '\n';
  return whole;
}

Status Output::finish() {
  if (terminal_ && line_open_) write("\n");
  if (error_ == 0) return {};
  return Error{Code::io, std::string("standard output: ") + strerror(error_)};
}

Status print_text(std::string_view text) {
  Output out;
  out.write(text);
  return out.finish();
}

Status print_line(std::string_view line) {
  return print_text(std::string(line) + "\n");
}

}  // namespace sluice::cli
