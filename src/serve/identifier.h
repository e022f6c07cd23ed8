// Names for answers, messages and calls that nobody else has.
#pragma once

#include <string>
#include <string_view>

namespace sluice::serve {

// The prefix and 24 random letters and digits. Thread-safe.
std::string identifier(std::string_view prefix);

}  // namespace sluice::serve
