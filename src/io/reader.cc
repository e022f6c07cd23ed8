#include "io/reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice::io {

namespace {

int64_t read_from_system(void* /*self*/, const File& file, uint64_t offset, std::span<std::byte> out) {
  // Linux stops a single call just below 2 GiB anyway; macOS refuses a larger one.
  constexpr size_t kMostPerCall = size_t{1} << 30;
  const ssize_t n = ::pread(file.fd(), out.data(), std::min(out.size(), kMostPerCall), static_cast<off_t>(offset));
  return n < 0 ? -errno : n;
}

}  // namespace

Reader system_reader() {
  return {read_from_system, nullptr};
}

}  // namespace sluice::io
