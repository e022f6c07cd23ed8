// A large file that appears under its name whole or not at all: written under another name beside it, made durable,
// then renamed over whatever was there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sluice/status.h"
#include "store/direct_file.h"

namespace sluice::store {

inline constexpr std::string_view kPartialEnding = ".partial";  // of the other name

class AtomicFile {
 public:
  // Reserves `bytes` on the disk. Errors: io, among others when the disk has less room, with both numbers; invalid
  // when `path` is there and not a regular file.
  static Result<AtomicFile> create(const std::string& path, uint64_t bytes);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();  // takes the file away again unless finish succeeded

  // As DirectFile::write; what is never written is zero.
  Status write(uint64_t offset, std::span<const std::byte> bytes) { return file_->write(offset, bytes); }

  // Nobody but the owner may read it. Errors: io.
  Status make_private();

  // Makes it durable and gives it its name. Errors: io.
  Status finish();

 private:
  AtomicFile() = default;

  std::string path_, partial_;
  std::optional<DirectFile> file_;  // empty: finished, or moved away
};

// A small file that appears whole or not at all, with these bytes. Errors: as AtomicFile.
Status write_atomically(const std::string& path, std::string_view bytes);

}  // namespace sluice::store
