#include "text/utf8.h"

#include <cstring>

namespace sluice::text {
namespace {

// What a lead byte promises: the length of the character and the range of its second byte, which is where overlong
// forms, surrogates and values past U+10FFFF are shut out. length 0: no character starts with this byte.
struct Lead {
  uint32_t length;
  uint8_t low, high;
};

Lead lead_of(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xc2) return {0, 0, 0};
  if (byte < 0xe0) return {2, 0x80, 0xbf};
  if (byte < 0xf0)
    return {3, static_cast<uint8_t>(byte == 0xe0 ? 0xa0 : 0x80), static_cast<uint8_t>(byte == 0xed ? 0x9f : 0xbf)};
  if (byte < 0xf5)
    return {4, static_cast<uint8_t>(byte == 0xf0 ? 0x90 : 0x80), static_cast<uint8_t>(byte == 0xf4 ? 0x8f : 0xbf)};
  return {0, 0, 0};
}

}  // namespace

Utf8Step utf8_step(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const Lead lead = lead_of(byte(0));
  if (lead.length == 0) return {Utf8Step::malformed, 1, 0};
  if (lead.length == 1) return {Utf8Step::complete, 1, byte(0)};
  char32_t code_point = byte(0) & (0x7fu >> lead.length);
  for (uint32_t i = 1; i < lead.length; ++i) {
    if (i == text.size()) return {Utf8Step::truncated, i, 0};
    const uint8_t low = i == 1 ? lead.low : 0x80;
    const uint8_t high = i == 1 ? lead.high : 0xbf;
    if (byte(i) < low || byte(i) > high) return {Utf8Step::malformed, i, 0};
    code_point = code_point << 6 | (byte(i) & 0x3fu);
  }
  return {Utf8Step::complete, lead.length, code_point};
}

size_t ascii_prefix(std::string_view text) {
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  while (i < text.size() && static_cast<uint8_t>(text[i]) < 0x80) ++i;
  return i;
}

size_t utf8_valid_prefix(std::string_view text) {
  size_t at = 0;
  while (true) {
    at += ascii_prefix(text.substr(at));
    // Text that left ASCII tends to stay out of it: take the long way until the next ASCII byte.
    do {
      if (at == text.size()) return at;
      const Utf8Step step = utf8_step(text.substr(at));
      if (step.kind != Utf8Step::complete) return at;
      at += step.size;
    } while (at < text.size() && static_cast<uint8_t>(text[at]) >= 0x80);
  }
}

void append_utf8(char32_t code_point, std::string& out) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  const auto tail = [&](int shift) { put(0x80 | (code_point >> shift & 0x3f)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6), tail(0);
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12), tail(6), tail(0);
  } else {
    put(0xf0 | code_point >> 18), tail(12), tail(6), tail(0);
  }
}

}  // namespace sluice::text
