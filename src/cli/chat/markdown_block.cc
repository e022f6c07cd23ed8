#include "cli/chat/markdown_block.h"

#include <fmt/format.h>
#include <md4c.h>

#include <algorithm>
#include <charconv>

#include "cli/chat/markdown_table.h"
#include "cli/chat/styled.h"
#include "cli/chat/terminal_text.h"

namespace sluice::cli {
namespace {

constexpr int kLeastText = 8;     // columns that indentation leaves to text
constexpr size_t kDeepest = 16;   // containers that indent

// What md4c leaves as it was written: &amp; and the like. The named ones that models write; others stay.
std::string entity(std::string_view e) {
  std::string out;
  if (e.starts_with("&#") && e.size() > 3) {
    const bool hex = e[2] == 'x' || e[2] == 'X';
    const std::string_view digits = e.substr(hex ? 3 : 2, e.size() - (hex ? 4 : 3));
    uint32_t code = 0;
    const auto done = std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
    const bool good = done.ec == std::errc() && code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    append_visible(good ? char32_t{code} : char32_t{0xfffd}, out);
    return out;
  }
  constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&nbsp;", " "}, {"&copy;", "©"},
      {"&hellip;", "…"}, {"&ndash;", "–"}, {"&mdash;", "—"}, {"&rarr;", "→"}, {"&times;", "×"}, {"&deg;", "°"}};
  for (const auto& [name, is] : kNamed) {
    if (e == name) return std::string(is);
  }
  return visible(e);
}

class BlockRenderer {
 public:
  explicit BlockRenderer(const MarkdownLook& look) : look_(look) {}

  int enter(MD_BLOCKTYPE type, void* detail);
  int leave(MD_BLOCKTYPE type);
  int enter(MD_SPANTYPE type, void* detail);
  int leave(MD_SPANTYPE type);
  int text(MD_TEXTTYPE type, std::string_view bytes);

  std::vector<std::string> rows() { return std::move(rows_); }

 private:
  struct Container {
    std::string first, rest;  // before the first row, and before the others
    bool begun = false;
  };
  struct ListState {
    unsigned next = 0;  // number of the next item
    bool ordered = false, tight = false;
    char delimiter = '.';
  };

  int room() const;
  void emit(std::vector<std::string> rows);
  void blank();
  void flush();
  void open_item(const MD_BLOCK_LI_DETAIL& item);
  void add(std::string_view bytes, uint8_t style) { runs_.push_back({std::string(bytes), style}); }

  const MarkdownLook look_;
  std::vector<std::string> rows_;
  std::vector<Container> containers_;
  std::vector<ListState> lists_;
  std::vector<Run> runs_;
  std::vector<std::string> links_;
  uint8_t style_ = kPlain;
  std::string code_;
  bool in_code_ = false, spaced_ = true;  // spaced_: no blank row is due
  std::vector<TableRow> table_;
  std::vector<Side> sides_;
};

int BlockRenderer::room() const {
  int taken = 0;
  for (const Container& c : containers_) taken += text_width(c.rest);
  return std::max(look_.width - taken, std::min(kLeastText, look_.width));
}

void BlockRenderer::emit(std::vector<std::string> rows) {
  for (std::string& row : rows) {
    std::string line;
    for (Container& c : containers_) {
      line += painted(c.begun ? c.rest : c.first, kDim, look_.colour);
      c.begun = true;
    }
    rows_.push_back(line + row);
  }
  spaced_ = false;
}

void BlockRenderer::blank() {
  const bool tight = !lists_.empty() && lists_.back().tight;
  if (!spaced_ && !tight) emit({""});
  spaced_ = true;
}

void BlockRenderer::flush() {
  if (runs_.empty()) return;
  emit(wrapped(runs_, room(), look_.colour));
  runs_.clear();
}

void BlockRenderer::open_item(const MD_BLOCK_LI_DETAIL& item) {
  ListState& list = lists_.back();
  std::string mark = list.ordered ? fmt::format("{}{} ", list.next++, list.delimiter) : "• ";
  if (item.is_task != 0) mark = item.task_mark == ' ' ? "☐ " : "☑ ";
  const std::string indent(static_cast<size_t>(text_width(mark)), ' ');
  if (containers_.size() >= kDeepest) mark.clear();
  containers_.push_back({mark, mark.empty() ? "" : indent});
}

int BlockRenderer::enter(MD_BLOCKTYPE type, void* detail) {
  flush();
  switch (type) {
    case MD_BLOCK_QUOTE:
      blank();
      containers_.push_back(containers_.size() < kDeepest ? Container{"│ ", "│ "} : Container{});
      break;
    case MD_BLOCK_UL: {
      blank();
      lists_.push_back({.tight = static_cast<MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0});
      break;
    }
    case MD_BLOCK_OL: {
      blank();
      const auto& list = *static_cast<MD_BLOCK_OL_DETAIL*>(detail);
      lists_.push_back({list.start, true, list.is_tight != 0, list.mark_delimiter});
      break;
    }
    case MD_BLOCK_LI:
      blank();
      open_item(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
      break;
    case MD_BLOCK_HR:
      blank();
      emit({painted(cut_rows(fmt::format("{:─<{}}", "", room()), room())[0], kDim, look_.colour)});
      break;
    case MD_BLOCK_H:
      blank();
      style_ |= kTitle;
      if (!look_.colour) add(std::string(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level, '#') + " ", style_);
      break;
    case MD_BLOCK_CODE:
    case MD_BLOCK_HTML:
      blank();
      in_code_ = true;
      code_.clear();
      break;
    case MD_BLOCK_P:
    case MD_BLOCK_TABLE:
      blank();
      table_.clear();
      sides_.clear();
      break;
    case MD_BLOCK_TR: table_.emplace_back(); break;
    case MD_BLOCK_TH: {
      const MD_ALIGN align = static_cast<MD_BLOCK_TD_DETAIL*>(detail)->align;
      sides_.push_back(align == MD_ALIGN_RIGHT ? Side::right : align == MD_ALIGN_CENTER ? Side::centre : Side::left);
      style_ |= kBold;
      break;
    }
    default: break;
  }
  return 0;
}

int BlockRenderer::leave(MD_BLOCKTYPE type) {
  switch (type) {
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      if (!table_.empty()) table_.back().push_back(std::move(runs_));
      runs_.clear();
      style_ = kPlain;
      break;
    case MD_BLOCK_TABLE: emit(table_rows(table_, sides_, room(), look_.colour)); break;
    case MD_BLOCK_CODE:
    case MD_BLOCK_HTML: {
      if (code_.ends_with('\n')) code_.pop_back();
      std::vector<std::string> rows = cut_rows(visible(code_), room() - 2);
      for (std::string& row : rows) row = "  " + painted(row, kCode, look_.colour);
      emit(std::move(rows));
      in_code_ = false;
      break;
    }
    case MD_BLOCK_LI:
      flush();
      if (!containers_.back().begun) emit({""});  // an empty item
      containers_.pop_back();
      break;
    case MD_BLOCK_QUOTE:
      flush();
      containers_.pop_back();
      break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL: lists_.pop_back(); break;
    default:
      flush();
      style_ = kPlain;
      break;
  }
  return 0;
}

uint8_t style_of(MD_SPANTYPE type) {
  switch (type) {
    case MD_SPAN_EM: return kItalic;
    case MD_SPAN_STRONG: return kBold;
    case MD_SPAN_CODE: return kCode;
    case MD_SPAN_DEL: return kStruck;
    case MD_SPAN_A:
    case MD_SPAN_IMG: return kLink;
    default: return kPlain;
  }
}

int BlockRenderer::enter(MD_SPANTYPE type, void* detail) {
  if (type == MD_SPAN_A || type == MD_SPAN_IMG) {
    const MD_ATTRIBUTE& to = type == MD_SPAN_A ? static_cast<MD_SPAN_A_DETAIL*>(detail)->href : static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src;
    links_.emplace_back(visible(to.text == nullptr ? std::string_view() : std::string_view(to.text, to.size)));
  }
  if (type == MD_SPAN_CODE && !look_.colour) add("`", style_);
  style_ |= style_of(type);
  return 0;
}

int BlockRenderer::leave(MD_SPANTYPE type) {
  style_ &= static_cast<uint8_t>(~style_of(type));
  if (type == MD_SPAN_CODE && !look_.colour) add("`", style_);
  if (type != MD_SPAN_A && type != MD_SPAN_IMG) return 0;
  const std::string to = std::move(links_.back());
  links_.pop_back();
  const bool shown = !runs_.empty() && (to == runs_.back().text || to == "mailto:" + runs_.back().text);
  if (!to.empty() && !shown) add(" (" + to + ")", style_ | kDim);  // where it leads is never hidden
  return 0;
}

int BlockRenderer::text(MD_TEXTTYPE type, std::string_view bytes) {
  if (in_code_) {
    code_ += type == MD_TEXT_ENTITY ? entity(bytes) : std::string(bytes);
  } else if (type == MD_TEXT_BR) {
    add("\n", kPlain);
  } else if (type == MD_TEXT_SOFTBR) {
    add(" ", style_);
  } else if (type == MD_TEXT_NULLCHAR) {
    add("\xef\xbf\xbd", style_);
  } else if (type == MD_TEXT_HTML && (bytes == "<br>" || bytes == "<br/>" || bytes == "<br />")) {
    add("\n", kPlain);
  } else {
    std::string shown = type == MD_TEXT_ENTITY ? entity(bytes) : visible(bytes);
    std::replace(shown.begin(), shown.end(), '\n', ' ');
    add(shown, style_);
  }
  return 0;
}

BlockRenderer& of(void* renderer) { return *static_cast<BlockRenderer*>(renderer); }

}  // namespace

std::vector<std::string> render_block(std::string_view source, const MarkdownLook& look) {
  const std::string text = visible(source);
  BlockRenderer out(look);
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_NOHTMLBLOCKS;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* to) { return of(to).enter(type, detail); };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* to) { return of(to).leave(type); };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* to) { return of(to).enter(type, detail); };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* to) { return of(to).leave(type); };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* bytes, MD_SIZE size, void* to) { return of(to).text(type, {bytes, size}); };
  if (md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &parser, &out) != 0) return cut_rows(text, look.width);
  return out.rows();
}

std::vector<std::string> render_code_line(std::string_view line, const MarkdownLook& look) {
  std::vector<std::string> rows = cut_rows(visible(line), look.width - 2);
  for (std::string& row : rows) row = "  " + painted(row, kCode, look.colour);
  return rows;
}

}  // namespace sluice::cli
