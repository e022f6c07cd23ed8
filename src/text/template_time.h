// strftime in English, whatever the process's locale. Years, months and so on are taken as std::tm has them.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "sluice/status.h"

namespace sluice::text {

// Errors: unsupported (a conversion not known here), over_budget (a format longer than 1000 bytes).
Result<std::string> format_time(const std::tm& when, std::string_view format);

}  // namespace sluice::text
