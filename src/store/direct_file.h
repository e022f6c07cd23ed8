// A file of a size known beforehand, written in aligned chunks past the page cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sluice/status.h"

namespace sluice::store {

inline constexpr size_t kDirectAlignment = 4096;

class DirectFile {
 public:
  enum class Existing { refused, kept };  // what to do with a file that is there

  // Creates it, or opens it where it may be there already, and reserves `bytes` on the disk: what is never written
  // stays as it was, or zero. Errors name the file `shown`: io.
  static Result<DirectFile> open(const std::string& path, std::string shown, uint64_t bytes, Existing existing);

  DirectFile(DirectFile&& other) noexcept;
  DirectFile& operator=(DirectFile&&) = delete;
  ~DirectFile();

  // Thread-safe. Where offset, size and address are multiples of kDirectAlignment the bytes go past the page cache if
  // the file system lets them. Errors: io.
  Status write(uint64_t offset, std::span<const std::byte> bytes);

  // Makes what was written durable. Errors: io.
  Status sync();

  // Whether the file system takes bytes past the page cache.
  bool direct() const { return direct_fd_ >= 0; }
  // Takes what was written out of the page cache, where it went there. Errors: io.
  Status drop(uint64_t offset, uint64_t bytes);

 private:
  DirectFile() = default;
  Status reserve();
  Error failed(const char* what) const;

  std::string shown_;
  int fd_ = -1;
  int direct_fd_ = -1;  // the same file past the page cache; -1: not there
  uint64_t bytes_ = 0;
};

// The folder that holds `path`; "." for a plain name.
std::string folder_of(const std::string& path);

// Makes the names in a folder durable, where the system can.
void sync_folder(const std::string& folder);

// Whether the disk of `folder` has room for `bytes` more. Errors: io, with both numbers and `what` in front.
Status check_room(const std::string& what, const std::string& folder, uint64_t bytes);

}  // namespace sluice::store
