// Names that come from outside: which are accepted, and how text from outside is shown in a one-line message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::store {

inline constexpr size_t kMaxTensorName = 1024;
inline constexpr size_t kMaxKey = 65535;

bool valid_utf8(std::string_view text);

// What is wrong with a tensor name, key or file name ("is empty", "is not UTF-8", ...); empty when it is good.
std::string_view name_fault(std::string_view name, size_t max_bytes);

// `text` on one line: control and non-UTF-8 bytes as \xNN, cut after about `limit` bytes.
std::string shown(std::string_view text, size_t limit = 120);

}  // namespace sluice::store
