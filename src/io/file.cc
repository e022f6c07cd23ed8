#include "io/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "base/check.h"

namespace sluice::io {
namespace {

constexpr uint64_t kBlock = 4096;          // at least: below it a drive may allow reads, but serves them slower
constexpr uint64_t kMostAlign = 64 << 10;  // more would waste the memory between extents

// The alignment of direct reads: the kernel's word, kBlock at least and when it does not say; 0 when there are none.
uint64_t direct_alignment(int fd) {
#if defined(__linux__) && defined(SYS_statx)
  // struct statx by offset (linux/stat.h, stable ABI): glibc's has no names for these fields before 2.37.
  constexpr uint32_t kDioAlign = 0x2000;
  alignas(8) std::array<std::byte, 256> raw{};
  if (::syscall(SYS_statx, fd, "", AT_EMPTY_PATH, kDioAlign, raw.data()) != 0) return kBlock;
  const auto field = [&](size_t at) {
    uint32_t value = 0;
    std::memcpy(&value, raw.data() + at, sizeof(value));
    return value;
  };
  if ((field(0) & kDioAlign) == 0) return kBlock;
  const uint64_t memory = field(0x98), offset = field(0x9c);
  return memory == 0 || offset == 0 ? 0 : std::max({memory, offset, kBlock});
#else
  static_cast<void>(fd);
  return kBlock;
#endif
}

// Whether a direct read of the first block works: a file system may take the flag at open and refuse the read.
int probe_read(int fd, uint64_t alignment) {
  const size_t bytes = std::max(alignment, kBlock);
  const std::unique_ptr<void, void (*)(void*)> block(std::aligned_alloc(bytes, bytes), std::free);
  if (block == nullptr) return ENOMEM;
  return ::pread(fd, block.get(), alignment, 0) < 0 ? errno : 0;
}

int open_flags(Mode mode) {
  // Without O_NONBLOCK, opening a pipe would wait for its writer.
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
#ifdef O_DIRECT
  return mode == Mode::direct ? kFlags | O_DIRECT : kFlags;
#else
  static_cast<void>(mode);
  return kFlags;
#endif
}

// Errors: unsupported.
Result<uint64_t> make_direct(int fd, const std::string& path) {
#ifdef O_DIRECT
  const uint64_t alignment = direct_alignment(fd);
  if (!std::has_single_bit(alignment) || alignment > kMostAlign) {
    return Error{Code::unsupported, fmt::format("{}: its file system has no direct reads", path)};
  }
  if (const int error = probe_read(fd, alignment); error != 0) {
    return Error{Code::unsupported, fmt::format("{}: direct reads do not work here: {}", path, strerror(error))};
  }
  return alignment;
#elif defined(F_NOCACHE)
  if (::fcntl(fd, F_NOCACHE, 1) == 0) return uint64_t{1};
#endif
  return Error{Code::unsupported, fmt::format("{}: this system has no direct reads", path)};
}

}  // namespace

File::File(File&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      alignment_(other.alignment_),
      path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(size_, other.size_);
  std::swap(alignment_, other.alignment_);
  std::swap(path_, other.path_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Result<File> File::open(const std::string& path, Mode mode) {
  File file;
  file.path_ = path;
  file.fd_ = ::open(path.c_str(), open_flags(mode));
  if (file.fd_ < 0) {
    const int error = errno;
    const Code code = error == ENOENT                           ? Code::not_found
                      : error == EINVAL && mode == Mode::direct ? Code::unsupported
                                                                : Code::io;
    return Error{code, fmt::format("{}: cannot open: {}", path, strerror(error))};
  }
  struct stat st {};
  if (::fstat(file.fd_, &st) != 0) return Error{Code::io, fmt::format("{}: cannot stat: {}", path, strerror(errno))};
  if (!S_ISREG(st.st_mode)) return Error{Code::io, fmt::format("{}: not a regular file", path)};
  file.size_ = static_cast<uint64_t>(st.st_size);
  if (mode == Mode::direct) {
    SLUICE_TRY(file.alignment_, make_direct(file.fd_, path));
  }
  // io_uring takes the flag at its word and gives EAGAIN on file systems that cannot promise not to wait.
  ::fcntl(file.fd_, F_SETFL, ::fcntl(file.fd_, F_GETFL) & ~O_NONBLOCK);
  return file;
}

File File::unopened(std::string path, uint64_t size, uint64_t alignment) {
  SLUICE_CHECK(std::has_single_bit(alignment));
  File file;
  file.alignment_ = alignment;
  file.path_ = std::move(path);
  file.size_ = size;
  return file;
}

Status File::read(uint64_t offset, std::span<std::byte> out) const {
  SLUICE_CHECK(alignment_ == 1);
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

void File::drop_cached() const {
#ifdef POSIX_FADV_DONTNEED
  ::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED);
#endif
}

Result<std::string> read_text(const std::string& path, uint64_t max_bytes) {
  SLUICE_TRY(const File file, File::open(path));
  if (file.size() > max_bytes) {
    return Error{Code::over_budget,
                 fmt::format("{}: {} bytes, more than the {} allowed here", path, file.size(), max_bytes)};
  }
  std::string text(file.size(), '\0');
  SLUICE_TRY_VOID(file.read(0, std::as_writable_bytes(std::span(text))));
  return text;
}

}  // namespace sluice::io
