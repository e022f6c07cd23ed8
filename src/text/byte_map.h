// The byte-level spelling of tokens: vocabulary files are text, so each of the 256 byte values is written as one
// printable character. Bytes that are printable in Latin-1 (33..126, 161..172, 174..255) stand for themselves; the
// other 68, in ascending order, are written U+0100, U+0101, ... (so a space is U+0120). Scheme: GPT-2's tokenizer.
#pragma once

#include <string>
#include <string_view>

namespace sluice::text {

// Appends the bytes that `spelling` (UTF-8) stands for. False, with `bytes` as it was, when some character of it is
// not in the map.
bool append_spelled_bytes(std::string_view spelling, std::string& bytes);

// The byte-level spelling of `bytes`.
std::string spell_bytes(std::string_view bytes);

}  // namespace sluice::text
