#include "cli/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "text/quote.h"
#include "text/utf8.h"

namespace sluice::cli {
namespace {

Result<std::string> read_all(int fd, const std::string& name) {
  std::string text;
  std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error{Code::io, fmt::format("{}: cannot read: {}", name, strerror(errno))};
    text.append(buffer.data(), static_cast<size_t>(count));
    if (text.size() > kMostInput) {
      return Error{Code::over_budget, fmt::format("{}: more than the {} MiB allowed here", name, kMostInput >> 20)};
    }
  }
}

}  // namespace

Result<std::string> read_input(const std::string& path) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    return Error{error == ENOENT ? Code::not_found : Code::io,
                 fmt::format("{}: cannot open: {}", path, strerror(error))};
  }
  auto text = read_all(fd, path);
  ::close(fd);
  return text;
}

bool stdin_is_terminal() {
  return ::isatty(STDIN_FILENO) == 1;
}

Status check_utf8(std::string_view text, std::string_view source) {
  const size_t valid = text::utf8_valid_prefix(text);
  if (valid == text.size()) return {};
  return Error{Code::corrupt, fmt::format("{}: not UTF-8 at byte {} (0x{:02x})", source, valid,
                                          static_cast<unsigned char>(text[valid]))};
}

Result<std::vector<int32_t>> parse_token_ids(std::string_view text, std::string_view source) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  std::vector<int32_t> ids;
  for (size_t at = text.find_first_not_of(kSpace); at != std::string_view::npos;
       at = text.find_first_not_of(kSpace, at)) {
    const std::string_view word = text.substr(at, text.find_first_of(kSpace, at) - at);
    int32_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size() || id < 0) {
      return Error{Code::corrupt,
                   fmt::format("{}: position {}: {} is not a token id", source, ids.size(), text::quote_text(word))};
    }
    ids.push_back(id);
    at += word.size();
    if (at >= text.size()) break;
  }
  return ids;
}

Result<std::vector<int32_t>> read_token_ids(const std::string& path) {
  SLUICE_TRY(const std::string text, read_input(path));
  SLUICE_TRY(auto ids, parse_token_ids(text, path));
  if (ids.empty()) return Error{Code::invalid, fmt::format("{}: no token ids in it", path)};
  return ids;
}

}  // namespace sluice::cli
