#include "cli/chat/markdown_stream.h"

#include <algorithm>

namespace sluice::cli {
namespace {

constexpr size_t kLongestBlock = 64 << 10;  // bytes after which a block is given out, finished or not

size_t indent_of(std::string_view line) {
  size_t columns = 0;
  for (const char c : line) {
    if (c != ' ' && c != '\t') break;
    columns += c == '\t' ? 4 : 1;
  }
  return columns;
}

std::string_view stripped(std::string_view line) {
  const size_t from = line.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return line.substr(from, line.find_last_not_of(" \t\r\n") - from + 1);
}

// "```", "~~~~" ...: the fence that this line opens, or nothing.
std::string opened_fence(std::string_view line) {
  if (indent_of(line) > 3) return "";
  const std::string_view text = stripped(line);
  if (text.empty() || (text[0] != '`' && text[0] != '~')) return "";
  const size_t length = std::min(text.find_first_not_of(text[0]), text.size());
  const bool inline_code = text[0] == '`' && text.find('`', length) != std::string_view::npos;
  return length < 3 || inline_code ? "" : std::string(length, text[0]);
}

bool closes(std::string_view line, std::string_view fence) {
  const std::string_view text = stripped(line);
  return indent_of(line) <= 3 && text.size() >= fence.size() && text.find_first_not_of(fence[0]) == std::string_view::npos;
}

bool list_item(std::string_view line) {
  const std::string_view text = stripped(line);
  if (text.empty()) return false;
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits > 0) return digits < 10 && digits + 1 < text.size() && (text[digits] == '.' || text[digits] == ')') && text[digits + 1] == ' ';
  return (text[0] == '-' || text[0] == '*' || text[0] == '+') && text.size() > 1 && text[1] == ' ';
}

bool title(std::string_view line) {
  const std::string_view text = stripped(line);
  const size_t marks = std::min(text.find_first_not_of('#'), text.size());
  return indent_of(line) <= 3 && marks >= 1 && marks <= 6 && (marks == text.size() || text[marks] == ' ');
}

}  // namespace

void MarkdownStream::add_rows(std::vector<std::string> rows, std::vector<std::string>& out) {
  for (std::string& row : rows) out.push_back(std::move(row));
  any_ = any_ || !rows.empty();
}

void MarkdownStream::end_block(std::vector<std::string>& out) {
  if (!stripped(block_).empty()) {
    if (any_) out.emplace_back();
    add_rows(render_block(block_, look_), out);
  }
  block_.clear();
  list_ = blank_ = false;
}

// The open block is a list, a blank line came, and this line still belongs to it.
bool MarkdownStream::goes_on(std::string_view line) const { return list_ && (indent_of(line) >= 2 || list_item(line)); }

void MarkdownStream::take_line(std::string line, std::vector<std::string>& out) {
  if (!fence_.empty()) {
    if (closes(line, fence_)) {
      fence_.clear();
    } else {
      add_rows(render_code_line(line.substr(0, line.find_last_not_of("\r\n") + 1), look_), out);
    }
    return;
  }
  if (stripped(line).empty()) {
    if (!list_) return end_block(out);
    blank_ = true;
    block_ += line;
    return;
  }
  if (blank_ && !goes_on(line)) end_block(out);
  if (const std::string fence = opened_fence(line); !fence.empty() && !(list_ && indent_of(line) >= 2)) {
    end_block(out);
    fence_ = fence;
    if (any_) out.emplace_back();
    any_ = true;
    return;
  }
  if (title(line)) end_block(out);
  if (block_.empty()) list_ = list_item(line);
  blank_ = false;
  block_ += line;
  if (title(line) || block_.size() > kLongestBlock) end_block(out);
}

std::vector<std::string> MarkdownStream::push(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      line_ += text;
      break;
    }
    line_ += text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    std::string whole;
    whole.swap(line_);
    take_line(std::move(whole), out);
  }
  return out;
}

std::vector<std::string> MarkdownStream::finish() {
  std::vector<std::string> out;
  if (!line_.empty()) {
    std::string whole;
    whole.swap(line_);
    take_line(std::move(whole), out);
  }
  end_block(out);
  fence_.clear();
  return out;
}

}  // namespace sluice::cli
