#include "text/nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "text/utf8.h"

namespace sluice::text {
namespace {

constexpr auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);

// Blocks in which every character is its own NFC and combines with nothing before it; chosen to cover most prose.
bool is_inert(char32_t c) {
  return c < 0x300 ||                    // Latin
         (c >= 0x400 && c < 0x483) ||    // Cyrillic
         (c >= 0x2010 && c < 0x2028) ||  // dashes, quotation marks
         (c >= 0x3001 && c < 0x302a) ||  // CJK punctuation
         (c >= 0x3041 && c < 0x3097) ||  // Hiragana
         (c >= 0x30a0 && c < 0x3100) ||  // Katakana
         (c >= 0x3400 && c < 0xa000) ||  // CJK ideographs
         (c >= 0xac00 && c < 0xd7a4) ||  // Hangul syllables
         (c >= 0xff01 && c < 0xff5f);    // full-width forms
}

int combining_class(utf8proc_int32_t c) {
  return utf8proc_get_property(c)->combining_class;
}

// Canonical order: within a run of combining marks, by class, else as they stood. utf8proc's own sort swaps neighbours
// and is quadratic on a long hostile run, so this leaves it nothing to do.
void order_marks(std::vector<utf8proc_int32_t>& characters) {
  std::vector<uint64_t> keys;  // class (8 bits), place in the run (35), character (21)
  for (size_t i = 0; i < characters.size(); ++i) {
    keys.clear();
    for (; i < characters.size() && combining_class(characters[i]) != 0; ++i) {
      const auto rank = static_cast<uint64_t>(combining_class(characters[i]));
      keys.push_back(rank << 56 | keys.size() << 21 | static_cast<uint64_t>(characters[i]));
    }
    std::sort(keys.begin(), keys.end());
    size_t at = i - keys.size();
    for (const uint64_t key : keys) characters[at++] = static_cast<utf8proc_int32_t>(key & 0x1fffff);
  }
}

}  // namespace

bool is_surely_nfc(std::string_view text) {
  for (size_t at = ascii_prefix(text); at < text.size();) {
    const Utf8Step step = utf8_step(text.substr(at));
    if (!is_inert(step.code_point)) return false;
    at += step.size;
  }
  return true;
}

Result<std::string> to_nfc(std::string_view text) {
  std::vector<utf8proc_int32_t> characters;
  characters.reserve(text.size());
  utf8proc_int32_t parts[32];  // the longest canonical decomposition has 4
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text.substr(at));
    const auto count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(step.code_point), parts, 32, options, nullptr);
    if (count < 0 || count > 32) return Error{Code::invalid, "text: it cannot be put into Unicode NFC"};
    characters.insert(characters.end(), parts, parts + count);
    at += step.size;
  }
  order_marks(characters);
  const auto size =
      utf8proc_normalize_utf32(characters.data(), static_cast<utf8proc_ssize_t>(characters.size()), options);
  if (size < 0) return Error{Code::invalid, "text: it cannot be put into Unicode NFC"};
  std::string out;
  out.reserve(text.size());
  for (utf8proc_ssize_t i = 0; i < size; ++i)
    append_utf8(static_cast<char32_t>(characters[static_cast<size_t>(i)]), out);
  return out;
}

}  // namespace sluice::text
