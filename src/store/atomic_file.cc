#include "store/atomic_file.h"

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
namespace {

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

Status check_room(const std::string& path, uint64_t bytes) {
  struct statvfs disk {};
  const std::string folder = folder_of(path);
  if (::statvfs(folder.c_str(), &disk) != 0) {
    return Error{Code::io, fmt::format("{}: cannot look at {}: {}", path, folder, strerror(errno))};
  }
  const uint64_t room = uint64_t{disk.f_bavail} * disk.f_frsize;
  if (bytes <= room) return {};
  return Error{Code::io,
               fmt::format("{}: needs {:.1f} GB ({} bytes), but the disk has room for {:.1f} GB ({} bytes)", path,
                           static_cast<double>(bytes) / 1e9, bytes, static_cast<double>(room) / 1e9, room)};
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::string& path, uint64_t bytes) {
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode)) {
    return Error{Code::invalid, fmt::format("{}: is there and not a regular file", path)};
  }
  SLUICE_TRY_VOID(check_room(path, bytes));
  AtomicFile file;
  file.path_ = path;
  file.partial_ = fmt::format("{}.{}.partial", path, ::getpid());
  file.bytes_ = bytes;
  file.fd_ = ::open(file.partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file.fd_ < 0) return file.failed("cannot create");
  SLUICE_TRY_VOID(file.reserve());
#ifdef O_DIRECT
  file.direct_fd_ = ::open(file.partial_.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
#endif
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      partial_(std::move(other.partial_)),
      fd_(std::exchange(other.fd_, -1)),
      direct_fd_(std::exchange(other.direct_fd_, -1)),
      bytes_(other.bytes_) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close_all();
  ::unlink(partial_.c_str());
}

void AtomicFile::close_all() {
  ::close(std::exchange(fd_, -1));
  if (direct_fd_ >= 0) ::close(std::exchange(direct_fd_, -1));
}

Error AtomicFile::failed(const char* what) const {
  return {Code::io, fmt::format("{}: {}: {}", path_, what, strerror(errno))};
}

// Room for all of it, in few extents. A file system that cannot promise room will say so while writing.
Status AtomicFile::reserve() {
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

Status AtomicFile::write(uint64_t offset, std::span<const std::byte> bytes) {
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

Status AtomicFile::finish() {
  if (::fsync(fd_) != 0) return failed("cannot sync");
  if (::rename(partial_.c_str(), path_.c_str()) != 0) return failed("cannot rename to it");
  close_all();
  const int folder = ::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);  // the name; the bytes are safe already
    ::close(folder);
  }
  return {};
}

}  // namespace sluice::store
