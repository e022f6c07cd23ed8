#include "text/template_literals.h"

#include <charconv>
#include <cstdint>

#include "text/utf8.h"

namespace sluice::text {
namespace {

constexpr std::string_view kLetters = "\\'\"abfnrtv";
constexpr std::string_view kLetterValues = "\\'\"\a\b\f\n\r\t\v";

// Digits with single underscores between them, from `at`; 0 when there is none.
size_t digit_run(std::string_view source, size_t at, std::string& digits) {
  size_t end = at;
  while (end < source.size()) {
    const bool underscore = source[end] == '_' && end > at;
    const size_t digit = end + (underscore ? 1 : 0);
    if (digit >= source.size() || source[digit] < '0' || source[digit] > '9') break;
    digits += source[digit];
    end = digit + 1;
  }
  return end - at;
}

Result<size_t> code_point(std::string_view digits, size_t count, std::string& out) {
  uint32_t value = 0;
  const std::string_view hex = digits.substr(0, count);
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  const bool scalar = value < 0xd800 || (value > 0xdfff && value <= 0x10ffff);
  if (error != std::errc() || hex.size() != count || end != hex.data() + count || !scalar) {
    return Error{Code::corrupt, "an escape in a string names no character"};
  }
  append_utf8(value, out);
  return count;
}

// Hexadecimal, octal, binary. 0 in `size`: none of them.
Result<NumberLiteral> prefixed(std::string_view source) {
  const char letter = source.size() > 2 && source[0] == '0' ? static_cast<char>(source[1] | 0x20) : ' ';
  const int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  if (base == 0) return NumberLiteral{"", 0, false};
  int64_t value = 0;
  const auto [end, error] = std::from_chars(source.data() + 2, source.data() + source.size(), value, base);
  if (error != std::errc() || value < 0) return Error{Code::corrupt, "a number is malformed or too large"};
  return NumberLiteral{std::to_string(value), static_cast<size_t>(end - source.data()), false};
}

}  // namespace

Result<std::string> unescape(std::string_view source) {
  std::string out;
  for (size_t i = 0; i < source.size();) {
    const char c = source[i++];
    if (c != '\\' || i == source.size()) {
      out += c;
      continue;
    }
    const char letter = source[i++];
    const size_t known = kLetters.find(letter);
    if (known != std::string_view::npos) {
      out += kLetterValues[known];
    } else if (letter == 'x' || letter == 'u' || letter == 'U') {
      SLUICE_TRY(const size_t used, code_point(source.substr(i), letter == 'x' ? 2 : letter == 'u' ? 4 : 8, out));
      i += used;
    } else if (letter >= '0' && letter <= '7') {
      char32_t value = 0;
      --i;
      for (int n = 0; n < 3 && i < source.size() && source[i] >= '0' && source[i] <= '7'; ++n) {
        value = value * 8 + static_cast<char32_t>(source[i++] - '0');
      }
      append_utf8(value, out);
    } else if (letter != '\n') {  // a backslash at the end of a line joins the lines
      out += '\\';
      out += letter;
    }
  }
  return out;
}

Result<NumberLiteral> read_number(std::string_view source, bool real_allowed) {
  SLUICE_TRY(NumberLiteral literal, prefixed(source));
  if (literal.size > 0) return literal;
  literal.size = digit_run(source, 0, literal.digits);
  const auto at = [&](size_t i) { return i < source.size() ? source[i] : ' '; };
  std::string part;
  if (real_allowed && at(literal.size) == '.') {
    const size_t fraction = digit_run(source, literal.size + 1, part);
    if (fraction > 0) {
      literal.digits += "." + part;
      literal.size += 1 + fraction;
      literal.real = true;
    }
  }
  if (real_allowed && (at(literal.size) | 0x20) == 'e') {
    const bool sign = at(literal.size + 1) == '+' || at(literal.size + 1) == '-';
    part.clear();
    const size_t exponent = digit_run(source, literal.size + (sign ? 2 : 1), part);
    if (exponent > 0) {
      literal.digits += std::string("e") + (at(literal.size + 1) == '-' ? "-" : "") + part;
      literal.size += (sign ? 2 : 1) + exponent;
      literal.real = true;
    }
  }
  return literal;
}

}  // namespace sluice::text
