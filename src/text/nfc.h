// Unicode normalisation form C: what Hugging Face applies to ordinary text before it is cut into pieces.
#pragma once

#include <string>
#include <string_view>

#include "sluice/status.h"

namespace sluice::text {

// True when a look at the code points alone shows `text` to be NFC already; false means only "not sure". Never true for
// text that NFC changes. REQUIRES: well-formed UTF-8.
bool is_surely_nfc(std::string_view text);

// `text` in NFC. Time O(n log n) whatever the text holds, memory about 8 bytes per character.
// REQUIRES: well-formed UTF-8.
Result<std::string> to_nfc(std::string_view text);

}  // namespace sluice::text
