#include "cli/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sluice::cli {
namespace {

// The whole text as one number in decimal.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What one of a unit is worth: "" 1, "k" 1024, "kib" 1024, "kb" 1000, ...
std::optional<double> parse_unit(std::string_view text) {
  std::string unit;
  for (const char c : text) unit += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (unit.empty() || unit == "b") return 1;
  const size_t power = std::string_view("kmgt").find(unit[0]);
  if (power == std::string_view::npos) return std::nullopt;
  const std::string_view rest = std::string_view(unit).substr(1);
  if (!rest.empty() && rest != "ib" && rest != "b") return std::nullopt;
  return std::pow(rest == "b" ? 1000.0 : 1024.0, static_cast<double>(power + 1));
}

Take real_of(RealRange range, std::function<void(double)> set) {
  return [range, set = std::move(set)](const std::string& value) -> std::optional<std::string> {
    const auto number = parse_number<double>(value);
    const bool inside =
        number && *number <= range.most && (range.open ? *number > range.least : *number >= range.least);
    if (!inside) {
      return range.open ? fmt::format("must be a number above {}, at most {}", range.least, range.most)
                        : fmt::format("must be a number from {} to {}", range.least, range.most);
    }
    set(*number);
    return std::nullopt;
  };
}

}  // namespace

std::optional<uint64_t> parse_size(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, digits);
  const auto unit = parse_unit(text.substr(digits));
  if (!unit || number.empty() || number.front() == '.' || number.back() == '.') return std::nullopt;
  if (*unit == 1) return parse_number<uint64_t>(number);
  const auto count = parse_number<double>(number);
  if (!count || *count * *unit >= 0x1p63) return std::nullopt;
  return static_cast<uint64_t>(*count * *unit);
}

std::string show_bytes(double bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) bytes /= 1000, ++unit;
  const int decimals = unit == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", bytes, decimals, kUnits[unit]);
}

Take text(std::string& out) {
  return [&out](const std::string& value) {
    out = value;
    return std::nullopt;
  };
}

Take text(std::optional<std::string>& out) {
  return [&out](const std::string& value) {
    out = value;
    return std::nullopt;
  };
}

Take texts(std::vector<std::string>& out) {
  return [&out](const std::string& value) -> std::optional<std::string> {
    if (value.empty()) return "must not be empty";
    out.push_back(value);
    return std::nullopt;
  };
}

Take one_of(std::string& out, std::vector<std::string> names) {
  return [&out, names = std::move(names)](const std::string& value) -> std::optional<std::string> {
    if (std::find(names.begin(), names.end(), value) == names.end()) {
      return fmt::format("must be one of {}", fmt::join(names, ", "));
    }
    out = value;
    return std::nullopt;
  };
}

Take size(uint64_t& out) {
  return [&out](const std::string& value) -> std::optional<std::string> {
    const auto bytes = parse_size(value);
    if (!bytes || *bytes == 0) return "must be a size such as 8G, 512M, 1.5GiB or 4096";
    out = *bytes;
    return std::nullopt;
  };
}

Take real(std::optional<float>& out, RealRange range) {
  return real_of(range, [&out](double value) { out = static_cast<float>(value); });
}

Take real(double& out, RealRange range) {
  return real_of(range, [&out](double value) { out = value; });
}

Take integer_of(int64_t least, int64_t most, std::function<void(int64_t)> set) {
  return [=, set = std::move(set)](const std::string& value) -> std::optional<std::string> {
    const auto number = parse_number<int64_t>(value);
    if (!number || *number < least || *number > most) {
      return most >= std::numeric_limits<int32_t>::max()
                 ? fmt::format("must be a whole number, {} or more", least)
                 : fmt::format("must be a whole number from {} to {}", least, most);
    }
    set(*number);
    return std::nullopt;
  };
}

Take natural(std::optional<uint64_t>& out) {
  return [&out](const std::string& value) -> std::optional<std::string> {
    const auto number = parse_number<uint64_t>(value);
    if (!number) return "must be a whole number from 0 to 18446744073709551615";
    out = *number;
    return std::nullopt;
  };
}

}  // namespace sluice::cli
