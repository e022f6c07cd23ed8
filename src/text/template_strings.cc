#include "text/template_strings.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>

#include "text/utf8.h"

namespace sluice::text {
namespace {

constexpr char32_t kNotACharacter = 0xffffffff;

struct Character {
  char32_t c;
  size_t size;
};

Character character_at(std::string_view bytes, size_t i) {
  const auto byte = static_cast<unsigned char>(bytes[i]);
  if (byte < 0x80) return {byte, 1};
  const Utf8Step step = utf8_step(bytes.substr(i));
  return step.kind == Utf8Step::complete ? Character{step.code_point, step.size} : Character{kNotACharacter, 1};
}

bool has_character(std::string_view chars, char32_t c) {
  for (size_t i = 0; i < chars.size();) {
    const Character ch = character_at(chars, i);
    if (ch.c == c) return true;
    i += ch.size;
  }
  return false;
}

bool is_letter(char32_t c) {
  if (c == kNotACharacter) return false;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT;
}

void append_case(char32_t c, bool upper, bool title, Origin origin, Text& out) {
  std::string bytes;
  if (upper && c == 0xdf) {
    bytes = title ? "Ss" : "SS";  // ß has no capital of one character
  } else {
    const auto code = static_cast<utf8proc_int32_t>(c);
    const auto mapped = !upper ? utf8proc_tolower(code) : title ? utf8proc_totitle(code) : utf8proc_toupper(code);
    append_utf8(static_cast<char32_t>(mapped), bytes);
  }
  out.append(bytes, origin);
}

bool is_line_break(char32_t c) {
  return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

}  // namespace

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

size_t count_characters(std::string_view bytes) {
  size_t count = 0;
  for (size_t i = 0; i < bytes.size(); ++count) i += character_at(bytes, i).size;
  return count;
}

size_t character_end(std::string_view bytes, size_t i) {
  return i + character_at(bytes, i).size;
}

size_t character_begin(std::string_view bytes, size_t end) {
  const size_t lowest = end >= 4 ? end - 4 : 0;
  for (size_t begin = end - 1;; --begin) {
    const Character ch = character_at(bytes, begin);
    if (ch.c != kNotACharacter && begin + ch.size == end) return begin;
    if (begin == lowest) return end - 1;
  }
}

size_t offset_of(std::string_view bytes, size_t n) {
  size_t i = 0;
  for (; n > 0 && i < bytes.size(); --n) i = character_end(bytes, i);
  return i;
}

size_t find_bytes(std::string_view bytes, std::string_view needle, size_t from) {
  if (from > bytes.size()) return std::string_view::npos;
  if (needle.empty()) return from;
  // glibc's memmem is two-way: string_view::find would be quadratic on "aaa...b".
  const void* found = memmem(bytes.data() + from, bytes.size() - from, needle.data(), needle.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
}

Text strip(const Text& text, Sides sides, std::optional<std::string_view> chars) {
  const std::string_view bytes = text.view();
  const auto drop = [&](char32_t c) { return chars ? has_character(*chars, c) : is_space(c); };
  size_t begin = 0;
  size_t end = bytes.size();
  while (sides != Sides::right && begin < end) {
    const Character ch = character_at(bytes, begin);
    if (!drop(ch.c)) break;
    begin += ch.size;
  }
  while (sides != Sides::left && end > begin) {
    const size_t last = character_begin(bytes, end);
    if (!drop(character_at(bytes, last).c)) break;
    end = last;
  }
  return text.slice(begin, end);
}

Text with_case(const Text& text, Case to) {
  Text out;
  bool after_letter = false;
  for (size_t i = 0; i < text.size();) {
    const Character ch = character_at(text.view(), i);
    const bool first = to == Case::capital ? i == 0 : !after_letter;
    bool upper = to == Case::upper || ((to == Case::title || to == Case::capital) && first);
    if (to == Case::swapped)
      upper = utf8proc_tolower(static_cast<utf8proc_int32_t>(ch.c)) == static_cast<utf8proc_int32_t>(ch.c);
    if (ch.c == kNotACharacter) {
      out.append(text, i, i + ch.size);
    } else {
      append_case(ch.c, upper, upper && to != Case::upper && to != Case::swapped, text.origin_at(i), out);
    }
    after_letter = is_letter(ch.c);
    i += ch.size;
  }
  return out;
}

Status split(const Text& text, std::string_view separator, int64_t limit, const TakePiece& take) {
  size_t begin = 0;
  for (; limit != 0; --limit) {
    const size_t at = find_bytes(text.view(), separator, begin);
    if (at == std::string_view::npos) break;
    SLUICE_TRY_VOID(take(text.slice(begin, at)));
    begin = at + separator.size();
  }
  return take(text.slice(begin, text.size()));
}

Status split_right(const Text& text, std::string_view separator, int64_t limit, const TakePiece& take) {
  size_t end = text.size();
  for (; limit != 0 && end >= separator.size(); --limit) {
    const size_t at = text.view().substr(0, end).rfind(separator);
    if (at == std::string_view::npos) break;
    SLUICE_TRY_VOID(take(text.slice(at + separator.size(), end)));
    end = at;
  }
  return take(text.slice(0, end));
}

Status split_space(const Text& text, int64_t limit, const TakePiece& take) {
  const std::string_view bytes = text.view();
  size_t i = 0;
  for (;; --limit) {
    while (i < bytes.size() && is_space(character_at(bytes, i).c)) i += character_at(bytes, i).size;
    if (i == bytes.size()) return {};
    if (limit == 0) break;
    const size_t begin = i;
    while (i < bytes.size() && !is_space(character_at(bytes, i).c)) i += character_at(bytes, i).size;
    SLUICE_TRY_VOID(take(text.slice(begin, i)));
  }
  return take(text.slice(i, bytes.size()));
}

Status split_space_right(const Text& text, int64_t limit, const TakePiece& take) {
  const std::string_view bytes = text.view();
  size_t end = bytes.size();
  const auto space_before = [&] { return is_space(character_at(bytes, character_begin(bytes, end)).c); };
  for (;; --limit) {
    while (end > 0 && space_before()) end = character_begin(bytes, end);
    if (end == 0) return {};
    if (limit == 0) break;
    const size_t last = end;
    while (end > 0 && !space_before()) end = character_begin(bytes, end);
    SLUICE_TRY_VOID(take(text.slice(end, last)));
  }
  return take(text.slice(0, end));
}

Status split_lines(const Text& text, bool keep_ends, const TakePiece& take) {
  const std::string_view bytes = text.view();
  size_t begin = 0;
  for (size_t i = 0; i < bytes.size();) {
    const Character ch = character_at(bytes, i);
    size_t next = i + ch.size;
    if (is_line_break(ch.c)) {
      if (ch.c == '\r' && next < bytes.size() && bytes[next] == '\n') ++next;
      SLUICE_TRY_VOID(take(text.slice(begin, keep_ends ? next : i)));
      begin = next;
    }
    i = next;
  }
  return begin < bytes.size() ? take(text.slice(begin, bytes.size())) : Status();
}

size_t count_matches(std::string_view bytes, std::string_view needle) {
  if (needle.empty()) return count_characters(bytes) + 1;
  size_t count = 0;
  for (size_t at = find_bytes(bytes, needle, 0); at != std::string_view::npos; ++count) {
    at = find_bytes(bytes, needle, at + needle.size());
  }
  return count;
}

Text replace(const Text& text, std::string_view from, const Text& to, int64_t limit) {
  Text out;
  size_t begin = 0;
  for (; limit != 0; --limit) {
    const size_t at = find_bytes(text.view(), from, begin);
    if (at == std::string_view::npos) break;
    out.append(text, begin, at);
    out.append(to);
    begin = at + from.size();
    if (!from.empty()) continue;
    if (at == text.size()) return out;
    const size_t next = at + character_at(text.view(), at).size;
    out.append(text, at, next);
    begin = next;
  }
  out.append(text, begin, text.size());
  return out;
}

}  // namespace sluice::text
