// A file opened for positioned reads. Thread-safe: reads share no position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sluice/status.h"

namespace sluice::io {

class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // Errors: not_found, io (unreadable, a directory, a pipe), naming the path.
  static Result<File> open(const std::string& path);

  // A name and a size with nothing behind them, for readers that bring their own bytes (io/fake.h).
  static File unopened(std::string path, uint64_t size);

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }  // at open
  int fd() const { return fd_; }

  // Fills all of `out` from `offset`, retrying interrupted and partial reads.
  // Errors: io, with the path, the offset and how many bytes came ("short read, 4096 of 7077888 bytes").
  Status read(uint64_t offset, std::span<std::byte> out) const;

 private:
  int fd_ = -1;
  uint64_t size_ = 0;
  std::string path_;
};

// The whole of a small file. Errors: as File::open; over_budget when it is larger than max_bytes.
Result<std::string> read_text(const std::string& path, uint64_t max_bytes);

}  // namespace sluice::io
