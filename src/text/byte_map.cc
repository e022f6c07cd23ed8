#include "text/byte_map.h"

#include <array>
#include <cstdint>

#include "text/utf8.h"

namespace sluice::text {
namespace {

constexpr char32_t first_stand_in = 0x100;
constexpr char32_t end_of_map = first_stand_in + 68;

struct ByteMap {
  std::array<char32_t, 256> character{};   // of a byte
  std::array<int16_t, end_of_map> byte{};  // of a character, -1: none
};

constexpr ByteMap make_byte_map() {
  ByteMap map;
  map.byte.fill(-1);
  char32_t next = first_stand_in;
  for (char32_t b = 0; b < 256; ++b) {
    const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    const char32_t c = printable ? b : next++;
    map.character[b] = c;
    map.byte[c] = static_cast<int16_t>(b);
  }
  return map;
}

constexpr ByteMap byte_map = make_byte_map();

}  // namespace

bool append_spelled_bytes(std::string_view spelling, std::string& bytes) {
  const size_t before = bytes.size();
  bytes.resize(before + spelling.size());
  char* out = bytes.data() + before;
  for (size_t i = 0; i < spelling.size();) {
    // Every character of the map is one or two bytes of UTF-8, so this needs no general decoder.
    char32_t c = static_cast<uint8_t>(spelling[i++]);
    if (c >= 0x80) {
      const auto tail = i < spelling.size() ? static_cast<uint8_t>(spelling[i++]) : uint8_t{0};
      c = (c & 0xe0) == 0xc0 && c >= 0xc2 && (tail & 0xc0) == 0x80 ? (c & 0x1f) << 6 | (tail & 0x3fu) : end_of_map;
    }
    if (c >= end_of_map || byte_map.byte[c] < 0) {
      bytes.resize(before);
      return false;
    }
    *out++ = static_cast<char>(byte_map.byte[c]);
  }
  bytes.resize(static_cast<size_t>(out - bytes.data()));
  return true;
}

std::string spell_bytes(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) append_utf8(byte_map.character[static_cast<uint8_t>(c)], out);
  return out;
}

}  // namespace sluice::text
