#include "text/nfc.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>
#include <random>

#include "text/byte_map.h"
#include "text/utf8.h"

namespace sluice::text {
namespace {

std::string reference(const std::string& text) {
  utf8proc_uint8_t* out = nullptr;
  const auto size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &out, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::string copy(reinterpret_cast<const char*>(out), static_cast<size_t>(size));
  std::free(out);
  return copy;
}

TEST(Nfc, EqualsTheLibraryOnEveryCharacter) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    std::string text = "a";
    append_utf8(c, text);
    const std::string expected = reference(text);
    ASSERT_EQ(*to_nfc(text), expected) << std::hex << static_cast<uint32_t>(c);
    if (is_surely_nfc(text)) {
      ASSERT_EQ(text, expected) << std::hex << static_cast<uint32_t>(c);
    }
  }
}

TEST(Nfc, EqualsTheLibraryOnRuns) {
  const char32_t pool[] = {'a',    'e',    0x301,  0x327, 0x323, 0x30a,  0xe9,   0x212b, 0x1100,
                           0x1161, 0x11a8, 0xac00, 0x9c7, 0x9be, 0x4e00, 0x3099, 0x304b};
  std::mt19937 random(9);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t i = random() % 12; i > 0; --i) append_utf8(pool[random() % std::size(pool)], text);
    ASSERT_EQ(*to_nfc(text), reference(text));
    if (is_surely_nfc(text)) {
      ASSERT_EQ(text, reference(text));
    }
  }
}

TEST(Utf8, ValidPrefix) {
  EXPECT_EQ(utf8_valid_prefix(""), 0u);
  EXPECT_EQ(utf8_valid_prefix("0123456789abcdef"), 16u);
  EXPECT_EQ(utf8_valid_prefix("0123456789\xff"
                              "bcdef"),
            10u);
  EXPECT_EQ(utf8_valid_prefix("\u00e9\u4e2d\U0001f600\xed\xa0\x80"), 9u);
  EXPECT_EQ(utf8_valid_prefix("ab\xe4\xb8"), 2u);
}

TEST(ByteMap, AllBytesThereAndBack) {
  std::string all, back;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(b);
  ASSERT_TRUE(append_spelled_bytes(spell_bytes(all), back));
  EXPECT_EQ(back, all);
  EXPECT_EQ(spell_bytes(" \n"), "\u0120\u010a");
  for (const char* bad : {" ", "\u0144", "\u4e2d", "a\xc4", "\xad", "\n", "\u00ad", "\xc1\x81"}) {
    EXPECT_FALSE(append_spelled_bytes(bad, back)) << bad;
  }
  EXPECT_EQ(back, all) << "left as it was";
}

}  // namespace
}  // namespace sluice::text
