// Generated text, on standard output and nothing else there.
#pragma once

#include <string_view>

#include "sluice/status.h"

namespace sluice::cli {

// Writes text as it comes: every piece is flushed, so that a person or a program reading along sees it at once. On a
// terminal the last line is ended; in a file or pipe there is exactly the text.
class Output {
 public:
  Output();

  // False once standard output takes no more; finish says why.
  bool write(std::string_view text);

  // Errors: io.
  Status finish();

 private:
  bool terminal_;
  bool line_open_ = false;
  int error_ = 0;  // errno
};

Status print_text(std::string_view text);
Status print_line(std::string_view line);  // and its end

}  // namespace sluice::cli
