// For tests: bytes that are a function of their place, so that a read of the wrong ones shows, and a file full of them.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"

namespace sluice::io {

inline std::byte byte_at(uint64_t offset) {
  const uint64_t x = (offset + 1) * 0x9e3779b97f4a7c15;
  return static_cast<std::byte>(x >> 56);
}

inline std::vector<std::byte> pattern(uint64_t bytes) {
  std::vector<std::byte> out(bytes);
  for (uint64_t i = 0; i < bytes; ++i) out[i] = byte_at(i);
  return out;
}

// Whether `got` is what a file of pattern bytes holds at `offset`.
inline bool is_pattern(std::span<const std::byte> got, uint64_t offset) {
  for (const std::byte& b : got) {
    if (b != byte_at(offset++)) return false;
  }
  return true;
}

// A file of pattern bytes in the temporary folder, removed at the end.
class TestFile {
 public:
  explicit TestFile(uint64_t bytes) : path_((std::filesystem::temp_directory_path() / "sluice_io_XXXXXX").string()) {
    const int fd = ::mkstemp(path_.data());
    SLUICE_CHECK(fd >= 0);
    const std::vector<std::byte> all = pattern(bytes);
    std::span<const std::byte> rest = all;
    while (!rest.empty()) {
      const ssize_t n = ::write(fd, rest.data(), rest.size());
      SLUICE_CHECK(n > 0);
      rest = rest.subspan(static_cast<size_t>(n));
    }
    ::close(fd);
  }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  ~TestFile() { ::unlink(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace sluice::io
