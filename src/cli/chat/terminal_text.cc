#include "cli/chat/terminal_text.h"

#include <utf8proc.h>

#include <algorithm>

#include "text/utf8.h"

namespace sluice::cli {
namespace {

constexpr char32_t kReplacement = 0xfffd, kEmojiStyle = 0xfe0f;
constexpr int kTab = 4;

bool steers(char32_t c) {
  const bool c1 = c >= 0x80 && c < 0xa0;
  const bool direction = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x061c;
  return c1 || direction || c == 0x2028 || c == 0x2029;
}

}  // namespace

void append_visible(char32_t c, std::string& out) {
  if (c == '\r') return;
  if (c == '\n' || c == '\t') {
    out += static_cast<char>(c);
  } else if (c < 0x20) {
    text::append_utf8(0x2400 + c, out);
  } else if (c == 0x7f) {
    text::append_utf8(0x2421, out);
  } else {
    text::append_utf8(steers(c) ? kReplacement : c, out);
  }
}

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const text::Utf8Step step = text::utf8_step(text);
    append_visible(step.kind == text::Utf8Step::complete ? step.code_point : kReplacement, out);
    text.remove_prefix(step.size);
  }
  return out;
}

std::vector<Cluster> clusters(std::string_view text) {
  std::vector<Cluster> out;
  utf8proc_int32_t state = 0;
  char32_t last = 0;
  while (!text.empty()) {
    const text::Utf8Step step = text::utf8_step(text);
    const char32_t c = step.kind == text::Utf8Step::complete ? step.code_point : kReplacement;
    const int width = std::clamp(utf8proc_charwidth(static_cast<utf8proc_int32_t>(c)), 0, 2);
    const bool begins = out.empty() || utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(last), static_cast<utf8proc_int32_t>(c), &state);
    if (begins) {
      out.push_back({text.substr(0, step.size), width});
    } else {
      Cluster& whole = out.back();
      whole.bytes = {whole.bytes.data(), whole.bytes.size() + step.size};
      whole.width = c == kEmojiStyle ? 2 : std::max(whole.width, width);
    }
    last = c;
    text.remove_prefix(step.size);
  }
  return out;
}

int text_width(std::string_view text) {
  int out = 0;
  for (const Cluster& c : clusters(text)) out += c.width;
  return out;
}

std::vector<std::string> cut_rows(std::string_view text, int width) {
  std::vector<std::string> out(1);
  int column = 0;
  auto put = [&](std::string_view bytes, int columns) {
    if (column + columns > std::max(width, 2)) {
      out.emplace_back();
      column = 0;
    }
    out.back() += bytes;
    column += columns;
  };
  for (bool first = true; first || !text.empty(); first = false) {
    const size_t end = std::min(text.find('\n'), text.size());
    for (const Cluster& c : clusters(text.substr(0, end))) {
      if (c.bytes != "\t") {
        put(c.bytes, c.width);
        continue;
      }
      for (int i = kTab - column % kTab; i > 0; --i) put(" ", 1);
    }
    if (end == text.size()) break;
    out.emplace_back();
    column = 0;
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string shortened(std::string_view text, int width) {
  if (text_width(text) <= width) return std::string(text);
  std::string out;
  int column = 0;
  for (const Cluster& c : clusters(text)) {
    if (column + c.width > width - 1) break;
    out += c.bytes;
    column += c.width;
  }
  return width > 0 ? out + "…" : "";
}

}  // namespace sluice::cli
