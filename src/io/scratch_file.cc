#include "io/scratch_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>
#include <vector>

namespace sluice::io {
namespace {

constexpr uint64_t kWrite = uint64_t{4} << 20;
constexpr uint64_t kSyncEvery = uint64_t{256} << 20;  // so that the page cache never holds more of it than that

Status write_all(int fd, const std::string& path, const std::byte* data, uint64_t bytes) {
  while (bytes > 0) {
    const ssize_t n = ::write(fd, data, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{Code::io, fmt::format("{}: cannot write: {}", path, strerror(errno))};
    data += n;
    bytes -= static_cast<uint64_t>(n);
  }
  return {};
}

Status sync_and_drop(int fd, const std::string& path) {
  if (::fsync(fd) != 0) return Error{Code::io, fmt::format("{}: cannot sync: {}", path, strerror(errno))};
#ifdef POSIX_FADV_DONTNEED
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
#endif
  return {};
}

}  // namespace

Result<ScratchFile> ScratchFile::create(const std::string& folder, uint64_t bytes, const GoOn& go_on) {
  std::error_code error;
  const auto space = std::filesystem::space(folder, error);
  if (error) return Error{Code::io, fmt::format("{}: {}", folder, error.message())};
  if (space.available / 2 < bytes) {
    return Error{Code::over_budget, fmt::format("{}: {} bytes free; a test file of {} needs twice its size", folder,
                                                space.available, bytes)};
  }
  std::string path = (std::filesystem::path(folder) / "sluice-probe-XXXXXX").string();
  const int fd = ::mkstemp(path.data());
  if (fd < 0) return Error{Code::io, fmt::format("{}: cannot create a test file: {}", folder, strerror(errno))};
  ScratchFile file;
  file.path_ = std::move(path);
  Status filled = file.fill(fd, bytes, go_on);
  ::close(fd);
  if (!filled.ok()) return filled.error();
  return file;
}

Status ScratchFile::fill(int fd, uint64_t bytes, const GoOn& go_on) {
  std::vector<uint64_t> block(kWrite / sizeof(uint64_t));
  uint64_t state = std::random_device()();
  for (uint64_t done = 0; done < bytes;) {
    if (go_on && !go_on(done)) return Error{Code::cancelled, "interrupted"};
    for (uint64_t& word : block) {  // splitmix64
      uint64_t z = (state += 0x9e3779b97f4a7c15);
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
    const uint64_t n = std::min(kWrite, bytes - done);
    SLUICE_TRY_VOID(write_all(fd, path_, reinterpret_cast<const std::byte*>(block.data()), n));
    done += n;
    if (done % kSyncEvery < n || done == bytes) SLUICE_TRY_VOID(sync_and_drop(fd, path_));
  }
  return {};
}

ScratchFile::ScratchFile(ScratchFile&& other) noexcept : path_(std::exchange(other.path_, "")) {}

ScratchFile::~ScratchFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace sluice::io
