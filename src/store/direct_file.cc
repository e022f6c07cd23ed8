#include "store/direct_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/check.h"

namespace sluice::store {

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

void sync_folder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

Status check_room(const std::string& what, const std::string& folder, uint64_t bytes) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) {
    return Error{Code::io, fmt::format("{}: cannot look at {}: {}", what, folder, strerror(errno))};
  }
  const uint64_t room = uint64_t{disk.f_bavail} * disk.f_frsize;
  if (bytes <= room) return {};
  return Error{Code::io,
               fmt::format("{}: needs {:.1f} GB ({} bytes), but the disk has room for {:.1f} GB ({} bytes)", what,
                           static_cast<double>(bytes) / 1e9, bytes, static_cast<double>(room) / 1e9, room)};
}

Result<DirectFile> DirectFile::open(const std::string& path, std::string shown, uint64_t bytes, Existing existing) {
  DirectFile file;
  file.shown_ = std::move(shown);
  file.bytes_ = bytes;
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (existing == Existing::refused ? O_EXCL : 0);
  file.fd_ = ::open(path.c_str(), flags, 0666);
  if (file.fd_ < 0) return file.failed("cannot create");
  if (Status reserved = file.reserve(); !reserved.ok()) {
    if (existing == Existing::refused) ::unlink(path.c_str());  // nobody else's
    return std::move(reserved).error();
  }
#ifdef O_DIRECT
  file.direct_fd_ = ::open(path.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
#endif
  return file;
}

DirectFile::DirectFile(DirectFile&& other) noexcept
    : shown_(std::move(other.shown_)),
      fd_(std::exchange(other.fd_, -1)),
      direct_fd_(std::exchange(other.direct_fd_, -1)),
      bytes_(other.bytes_) {}

DirectFile::~DirectFile() {
  if (fd_ >= 0) ::close(fd_);
  if (direct_fd_ >= 0) ::close(direct_fd_);
}

Error DirectFile::failed(const char* what) const {
  return {Code::io, fmt::format("{}: {}: {}", shown_, what, strerror(errno))};
}

// Room for all of it, in few extents. A file system that cannot promise room will say so while writing.
Status DirectFile::reserve() {
  if (bytes_ == 0) return {};
#ifdef __linux__
  int done;
  do {
    done = ::fallocate(fd_, 0, 0, static_cast<off_t>(bytes_));
  } while (done != 0 && errno == EINTR);
  if (done == 0) return {};
  if (errno != EOPNOTSUPP && errno != ENOSYS) return failed("cannot reserve room");
#endif
  if (::ftruncate(fd_, static_cast<off_t>(bytes_)) != 0) return failed("cannot set its size");
  return {};
}

Status DirectFile::write(uint64_t offset, std::span<const std::byte> bytes) {
  SLUICE_CHECK(offset <= bytes_ && bytes.size() <= bytes_ - offset);
  const bool aligned = (offset | bytes.size() | reinterpret_cast<uintptr_t>(bytes.data())) % kDirectAlignment == 0;
  int fd = aligned && direct_fd_ >= 0 ? direct_fd_ : fd_;
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EINVAL && fd != fd_) {  // a drive with larger sectors, or the rest of a short write
      fd = fd_;
      continue;
    }
    if (count < 0) return failed("cannot write");
    done += static_cast<size_t>(count);
  }
  return {};
}

Status DirectFile::sync() {
  if (::fsync(fd_) != 0) return failed("cannot sync");
  return {};
}

Status DirectFile::drop(uint64_t offset, uint64_t bytes) {
  if (direct()) return {};
#ifdef POSIX_FADV_DONTNEED
  if (::fdatasync(fd_) != 0) return failed("cannot sync");
  ::posix_fadvise(fd_, static_cast<off_t>(offset), static_cast<off_t>(bytes), POSIX_FADV_DONTNEED);
#else
  static_cast<void>(offset), static_cast<void>(bytes);
#endif
  return {};
}

}  // namespace sluice::store
