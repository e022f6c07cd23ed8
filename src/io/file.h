// A file opened for positioned reads, through the page cache or past it. Thread-safe: reads share no position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sluice/status.h"

namespace sluice::io {

enum class Mode : uint8_t {
  buffered,  // through the page cache: any offset, any destination
  direct,    // past it (O_DIRECT; F_NOCACHE on macOS): offset and destination must agree, see io/direct.h
};

class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // Errors: not_found, io (unreadable, a directory, a pipe), naming the path; in direct mode also unsupported, where
  // the file system has none or a probe read of the first block fails: open buffered then.
  static Result<File> open(const std::string& path, Mode mode = Mode::buffered);

  // A name, a size and an alignment with nothing behind them, for readers that bring their own bytes (io/fake.h).
  static File unopened(std::string path, uint64_t size, uint64_t alignment = 1);

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }  // at open
  int fd() const { return fd_; }

  // What queues read of this file lies in blocks of so many bytes, in the file and in memory: a power of two, 1 when
  // buffered. Direct: what the kernel asks for (statx), and 4096 at least: drives that take 512 serve it slower.
  uint64_t alignment() const { return alignment_; }

  // Fills all of `out` from `offset`, retrying interrupted and partial reads. REQUIRES: alignment() == 1.
  // Errors: io, with the path, the offset and how many bytes came ("short read, 4096 of 7077888 bytes").
  Status read(uint64_t offset, std::span<std::byte> out) const;

  // Asks the system to drop what it keeps of this file in memory, where it can be asked.
  void drop_cached() const;

 private:
  int fd_ = -1;
  uint64_t size_ = 0;
  uint64_t alignment_ = 1;
  std::string path_;
};

// The whole of a small file. Errors: as File::open; over_budget when it is larger than max_bytes.
Result<std::string> read_text(const std::string& path, uint64_t max_bytes);

}  // namespace sluice::io
