#include "cli/chat/answer_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/chat/styled.h"
#include "cli/chat/terminal_text.h"

namespace sluice::cli {

std::string footer_text(const SchedulerStatus& s, int64_t used, int64_t context) {
  std::string out;
  if (s.tok_s > 0) {
    out += fmt::format("{:.{}f} tok/s · ", s.tok_s, s.tok_s < 100 ? 1 : 0);
    if (s.limit_tok_s && *s.limit_tok_s > 0) out += fmt::format("{:.0f} % of the limit · ", 100 * s.tok_s / *s.limit_tok_s);
  }
  if (s.expert_hits + s.expert_misses > 0) out += fmt::format("hits {:.0f} % · ", 100 * s.hit_rate);
  return out + fmt::format("context {} of {}", used, context);
}

AnswerView::AnswerView(Screen& screen, const Scheduler& scheduler, bool show_thinking, int64_t context_before)
    : screen_(screen), scheduler_(scheduler), show_thinking_(show_thinking), before_(context_before), markdown_(look()) {}

std::string AnswerView::footer() const {
  if (prompt_share_ < 1) return fmt::format("reading {:.0f} %", 100 * prompt_share_);
  return footer_text(scheduler_.status(), before_ + tokens_, scheduler_.context());
}

void AnswerView::redraw(const std::vector<std::string>& rows) {
  std::vector<std::string> live;
  const std::string tail = said_ ? markdown_.tail() : show_thinking_ ? visible(thinking_) : "";
  if (!tail.empty()) live = cut_rows(visible(tail), screen_.width());
  const auto most = static_cast<size_t>(std::max(screen_.height() - 3, 1));
  if (live.size() > most) live.erase(live.begin(), live.end() - static_cast<std::ptrdiff_t>(most));
  if (!said_) {
    for (std::string& row : live) row = painted(row, kDim, screen_.colour());
  }
  const std::string state = !said_ && !thinking_.empty() && !show_thinking_ ? "thinking · " : "";
  live.push_back(painted(shortened(state + footer(), screen_.width()), kDim, screen_.colour()));
  screen_.draw(rows, live);
}

void AnswerView::pieces(const text::OutputStream::Pieces& pieces) {
  std::string content;
  for (const auto& part : pieces.parts) content += part.content;
  if (!screen_.terminal()) {
    if (!content.empty()) line_open_ = content.back() != '\n';
    return screen_.print(content);
  }
  std::vector<std::string> rows;
  thinking_ += pieces.reasoning;
  const bool begins = !said_ && !content.empty();
  if (show_thinking_ && !thinking_.empty()) {
    const size_t end = begins ? thinking_.size() : thinking_.rfind('\n');
    if (end != std::string::npos && end > 0) {
      for (const std::string& row : wrapped({{visible(thinking_.substr(0, end)), kDim}}, screen_.width(), screen_.colour())) rows.push_back(row);
      thought_ = true;
    }
    if (end != std::string::npos) thinking_.erase(0, end + 1);
  }
  if (begins) {
    said_ = true;
    if (thought_) rows.emplace_back();
  }
  if (said_) {
    for (std::string& row : markdown_.push(content)) rows.push_back(std::move(row));
  }
  redraw(rows);
}

void AnswerView::progress(double prompt_share, int64_t tokens) {
  prompt_share_ = prompt_share;
  tokens_ = tokens;
  if (screen_.terminal()) redraw({});
}

void AnswerView::finish() {
  if (!screen_.terminal()) {
    if (line_open_) screen_.print("\n");
    return;
  }
  std::vector<std::string> rows = markdown_.finish();
  if (!said_ && show_thinking_ && !thinking_.empty()) rows = wrapped({{visible(thinking_), kDim}}, screen_.width(), screen_.colour());
  screen_.draw(rows, {});
}

}  // namespace sluice::cli
