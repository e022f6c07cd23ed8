// An answer while it is written: Markdown and a footer on a terminal, the plain text elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/chat/markdown_stream.h"
#include "cli/chat/screen.h"
#include "sluice/scheduler.h"
#include "text/output_stream.h"

namespace sluice::cli {

class AnswerView {
 public:
  AnswerView(Screen& screen, const Scheduler& scheduler, bool show_thinking, int64_t context_before);

  void pieces(const text::OutputStream::Pieces& pieces);
  void progress(double prompt_share, int64_t tokens);
  void finish();  // everything is out, the line is ended, the footer gone

 private:
  void redraw(const std::vector<std::string>& rows);
  std::string footer() const;
  MarkdownLook look() const { return {screen_.width(), screen_.colour()}; }

  Screen& screen_;
  const Scheduler& scheduler_;
  const bool show_thinking_;
  const int64_t before_;  // tokens of the conversation when the answer began
  MarkdownStream markdown_;
  std::string thinking_;  // its open line
  bool thought_ = false, said_ = false, line_open_ = false;
  double prompt_share_ = 0;
  int64_t tokens_ = 0;
};

// "12.3 tok/s · 52 % of the limit · hits 88 % · context 812 of 8192": what is known of it.
std::string footer_text(const SchedulerStatus& status, int64_t used, int64_t context);

}  // namespace sluice::cli
