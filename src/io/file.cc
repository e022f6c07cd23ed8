#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace sluice::io {

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), size_(other.size_), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<File> File::open(const std::string& path) {
  File file;
  file.path_ = path;
  file.fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file.fd_ < 0) {
    const int error = errno;
    return Error{error == ENOENT ? Code::not_found : Code::io, fmt::format("{}: cannot open: {}", path, strerror(error))};
  }
  struct stat st {};
  if (::fstat(file.fd_, &st) != 0) return Error{Code::io, fmt::format("{}: cannot stat: {}", path, strerror(errno))};
  if (!S_ISREG(st.st_mode)) return Error{Code::io, fmt::format("{}: not a regular file", path)};
  file.size_ = static_cast<uint64_t>(st.st_size);
  return file;
}

File File::unopened(std::string path, uint64_t size) {
  File file;
  file.path_ = std::move(path);
  file.size_ = size;
  return file;
}

Status File::read(uint64_t offset, std::span<std::byte> out) const {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else if (n < 0) {
      return Error{Code::io, fmt::format("{}: read at offset {} failed: {}", path_, offset + done, strerror(errno))};
    } else {
      return Error{Code::io, fmt::format("{}: offset {}: short read, {} of {} bytes; the file shrank or is incomplete",
                                         path_, offset, done, out.size())};
    }
  }
  return {};
}

Result<std::string> read_text(const std::string& path, uint64_t max_bytes) {
  SLUICE_TRY(const File file, File::open(path));
  if (file.size() > max_bytes) {
    return Error{Code::over_budget, fmt::format("{}: {} bytes, more than the {} allowed here", path, file.size(), max_bytes)};
  }
  std::string text(file.size(), '\0');
  SLUICE_TRY_VOID(file.read(0, std::as_writable_bytes(std::span(text))));
  return text;
}

}  // namespace sluice::io
