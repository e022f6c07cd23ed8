#include "text/ascii_piece.h"

#include <array>
#include <cstdint>

namespace sluice::text {
namespace {

enum Class : uint8_t {
  other,
  letter,
  digit,
  space,
  line_break,
  beyond_ascii,
  end_of_text
};  // line breaks are \r and \n

constexpr auto make_classes() {
  std::array<Class, 256> classes{};
  for (size_t c = 0; c < 256; ++c) {
    classes[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? letter
                 : c >= '0' && c <= '9'                           ? digit
                 : c == '\r' || c == '\n'                         ? line_break
                 : c == ' ' || (c >= 9 && c <= 13)                ? space
                 : c >= 0x80                                      ? beyond_ascii
                                                                  : other;
  }
  return classes;
}

constexpr std::array<Class, 256> classes = make_classes();

Class class_at(std::string_view text, size_t i) {
  return i < text.size() ? classes[static_cast<uint8_t>(text[i])] : end_of_text;
}

char lower_at(std::string_view text, size_t i) {
  return i < text.size() ? static_cast<char>(static_cast<uint8_t>(text[i]) | 0x20u) : '\0';
}

// 's 't 're 've 'm 'll 'd in either case. REQUIRES: text[0] is an apostrophe.
size_t contraction(std::string_view text) {
  if (class_at(text, 1) != letter) return 0;
  const char a = lower_at(text, 1);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  if (class_at(text, 2) != letter) return 0;
  const char b = lower_at(text, 2);
  return ((a == 'r' || a == 'v') && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

size_t end_of_run(std::string_view text, size_t i, Class run) {
  while (class_at(text, i) == run) ++i;
  return i;
}

size_t word(std::string_view text, size_t first_letter) {
  const size_t end = end_of_run(text, first_letter, letter);
  return class_at(text, end) == beyond_ascii ? 0 : end;
}

// Line breaks right behind punctuation belong to it.
size_t punctuation(std::string_view text, size_t first) {
  const size_t end = end_of_run(text, first, other);
  return class_at(text, end) == beyond_ascii ? 0 : end_of_run(text, end, line_break);
}

// A run that holds a line break goes up to its last one; any other leaves its last character to what follows.
size_t white_space(std::string_view text) {
  size_t end = 0;
  size_t behind_break = 0;
  for (Class c; (c = class_at(text, end)) == space || c == line_break;) {
    ++end;
    if (c == line_break) behind_break = end;
  }
  if (class_at(text, end) == beyond_ascii) return 0;
  if (behind_break > 0) return behind_break;
  return end == text.size() || end == 1 ? end : end - 1;
}

}  // namespace

size_t ascii_piece(std::string_view text) {
  const Class first = class_at(text, 0);
  if (first == digit) return 1;
  if (first == letter) return word(text, 0);
  if (first == beyond_ascii || first == end_of_text) return 0;
  const Class second = class_at(text, 1);
  if (second == beyond_ascii) return 0;
  if (text[0] == '\'') {
    if (const size_t size = contraction(text); size > 0) return size;
  }
  if (second == letter && first != line_break) return word(text, 1);
  if (first == other) return punctuation(text, 0);
  if (text[0] == ' ' && second == other) return punctuation(text, 1);
  return white_space(text);
}

}  // namespace sluice::text
