#include "cli/report.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace sluice::cli {
namespace {

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

void print_error(std::string_view message) {
  fmt::print(stderr, "sluice: error: {}\n", one_line(message));
}

}  // namespace

void note(std::string_view message) {
  fmt::print(stderr, "sluice: {}\n", one_line(message));
}

int failed(const Error& error) {
  print_error(error.message);
  return error.code == Code::cancelled ? kInterrupted : kFailed;
}

int wrong_usage(std::string_view message) {
  print_error(message);
  return kWrongUsage;
}

int refused(const Error& error) {
  return error.code == Code::invalid ? wrong_usage(error.message) : failed(error);
}

}  // namespace sluice::cli
