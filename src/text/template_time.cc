#include "text/template_time.h"

#include <array>
#include <cstdlib>

#include "text/quote.h"

namespace sluice::text {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};

std::string padded(int value, size_t width, char fill) {
  std::string digits = std::to_string(std::abs(value));
  if (fill != 0 && digits.size() < width) digits.insert(0, width - digits.size(), fill);
  return digits;
}

template <size_t n>
std::string_view name_of(const std::array<std::string_view, n>& names, int i) {
  return names[static_cast<size_t>(std::abs(i % static_cast<int>(n)))];
}

int twelve_hours(int hour) {
  return hour % 12 == 0 ? 12 : hour % 12;
}

// `fill` as a dash in "%-d" asks for it: 0 for no padding.
Result<std::string> conversion(const std::tm& when, char letter, bool pad) {
  const char zero = pad ? '0' : '\0';
  const int year = when.tm_year + 1900;
  switch (letter) {
    case 'Y':
      return std::to_string(year);
    case 'y':
      return padded(year % 100, 2, zero);
    case 'm':
      return padded(when.tm_mon + 1, 2, zero);
    case 'd':
      return padded(when.tm_mday, 2, zero);
    case 'e':
      return padded(when.tm_mday, 2, pad ? ' ' : '\0');
    case 'j':
      return padded(when.tm_yday + 1, 3, zero);
    case 'H':
      return padded(when.tm_hour, 2, zero);
    case 'I':
      return padded(twelve_hours(when.tm_hour), 2, zero);
    case 'M':
      return padded(when.tm_min, 2, zero);
    case 'S':
      return padded(when.tm_sec, 2, zero);
    case 'p':
      return std::string(when.tm_hour < 12 ? "AM" : "PM");
    case 'A':
      return std::string(name_of(kDays, when.tm_wday));
    case 'a':
      return std::string(name_of(kDays, when.tm_wday).substr(0, 3));
    case 'B':
      return std::string(name_of(kMonths, when.tm_mon));
    case 'b':
      return std::string(name_of(kMonths, when.tm_mon).substr(0, 3));
    case 'F':
      return format_time(when, "%Y-%m-%d");
    case 'T':
      return format_time(when, "%H:%M:%S");
    case 'Z':
    case 'z':
      return std::string();  // the time given has no zone
    case '%':
      return std::string("%");
    default:
      return Error{Code::unsupported, "strftime_now: unknown conversion " + quote_text({&letter, 1})};
  }
}

}  // namespace

Result<std::string> format_time(const std::tm& when, std::string_view format) {
  if (format.size() > 1000) return Error{Code::over_budget, "strftime_now: a format longer than 1000 bytes"};
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    const bool dash = format[i + 1] == '-' && i + 2 < format.size();
    i += dash ? 2 : 1;
    SLUICE_TRY(const std::string text, conversion(when, format[i], !dash));
    out += text;
  }
  return out;
}

}  // namespace sluice::text
