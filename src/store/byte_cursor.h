// Reads the header of a file front to back through one buffer, whatever the size of the file behind it. Every length
// is checked against the file before it is believed. Not thread-safe.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"
#include "sluice/status.h"

namespace sluice::store {

static_assert(std::endian::native == std::endian::little, "model files are little-endian and read as they stand");

class ByteCursor {
 public:
  // `file` must outlive the cursor. Nothing past `limit` bytes is read: a header larger than that is refused.
  ByteCursor(const io::File& file, uint64_t limit) : file_(file), limit_(limit) {}

  uint64_t offset() const { return start_ + at_; }
  // The bytes that can still be read: to the end of the file or to the limit.
  uint64_t remaining() const { return std::min(file_.size(), limit_) - offset(); }

  // The next `bytes` bytes, valid until the next call. `what` names them in errors: "tensor name".
  // Errors: corrupt (the file ends before), unsupported (past the limit), io.
  Result<std::span<const std::byte>> take(uint64_t bytes, std::string_view what) {
    if (bytes > have_ - at_) SLUICE_TRY_VOID(refill(bytes, what));
    const auto out = std::span<const std::byte>(buffer_).subspan(at_, bytes);
    at_ += bytes;
    return out;
  }

  template <class T>
  Result<T> number(std::string_view what) {
    SLUICE_TRY(const auto bytes, take(sizeof(T), what));
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }

  // u64 length, then that many bytes; valid until the next call. Errors: as take; corrupt when longer than max_bytes.
  Result<std::string_view> text(uint64_t max_bytes, std::string_view what);

  Status skip(uint64_t bytes, std::string_view what);

  // "PATH: offset N: message", N being where the cursor stands.
  Error error(Code code, std::string_view message) const;

 private:
  Status refill(uint64_t bytes, std::string_view what);

  const io::File& file_;
  uint64_t limit_;
  std::vector<std::byte> buffer_;  // file bytes [start_, start_ + have_)
  uint64_t start_ = 0;
  uint64_t have_ = 0;
  uint64_t at_ = 0;
};

}  // namespace sluice::store
