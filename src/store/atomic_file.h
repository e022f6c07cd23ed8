// A large file that appears under its name whole or not at all: written under another name beside it, made durable,
// then renamed over whatever was there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sluice/status.h"

namespace sluice::store {

inline constexpr size_t kDirectAlignment = 4096;

class AtomicFile {
 public:
  // Reserves `bytes` on the disk. Errors: io, among others when the disk has less room, with both numbers; invalid
  // when `path` is there and not a regular file.
  static Result<AtomicFile> create(const std::string& path, uint64_t bytes);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();  // takes the file away again unless finish succeeded

  // Thread-safe. What is never written is zero. Where offset, size and address are multiples of kDirectAlignment the
  // bytes go past the page cache if the file system lets them. Errors: io.
  Status write(uint64_t offset, std::span<const std::byte> bytes);

  // Makes it durable and gives it its name. Errors: io.
  Status finish();

 private:
  AtomicFile() = default;
  Status reserve();
  void close_all();
  Error failed(const char* what) const;

  std::string path_, partial_;
  int fd_ = -1;
  int direct_fd_ = -1;  // the same file past the page cache; -1: not there
  uint64_t bytes_ = 0;
};

}  // namespace sluice::store
