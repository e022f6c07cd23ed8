// A big file of random bytes to measure a drive with: made, synced, and removed again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sluice/status.h"

namespace sluice::io {

class ScratchFile {
 public:
  // Called now and then with the bytes written so far; false gives up.
  using GoOn = std::function<bool(uint64_t written)>;

  // Random content, so that no drive or file system can compress it; on the drive and out of the page cache on return.
  // Errors: over_budget when the folder has not twice the space, io, cancelled.
  static Result<ScratchFile> create(const std::string& folder, uint64_t bytes, const GoOn& go_on = {});

  ScratchFile(ScratchFile&& other) noexcept;
  ScratchFile& operator=(ScratchFile&&) = delete;
  ~ScratchFile();  // removes it

  const std::string& path() const { return path_; }

 private:
  ScratchFile() = default;
  Status fill(int fd, uint64_t bytes, const GoOn& go_on);

  std::string path_;
};

}  // namespace sluice::io
