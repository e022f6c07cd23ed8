#include "store/byte_cursor.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::store {
namespace {

constexpr uint64_t kWindow = uint64_t{1} << 20;

}  // namespace

Status ByteCursor::refill(uint64_t bytes, std::string_view what) {
  if (bytes > file_.size() - offset()) {
    return error(Code::corrupt, fmt::format("{} needs {} bytes, the file has {} left; it is truncated or damaged", what,
                                            bytes, file_.size() - offset()));
  }
  if (bytes > remaining()) {
    return error(Code::unsupported, fmt::format("{}: the header is larger than {} bytes", what, limit_));
  }
  // What is left moves to the front; the file is read in whole windows from there.
  const uint64_t left = have_ - at_;
  if (left > 0) std::memmove(buffer_.data(), buffer_.data() + at_, left);
  start_ += at_;
  at_ = 0;
  have_ = left;
  const uint64_t want =
      std::min(std::max(bytes, kWindow), file_.size() - start_);  // may pass the limit, is not handed out
  if (buffer_.size() < want) buffer_.resize(want);
  SLUICE_TRY_VOID(file_.read(start_ + left, std::span(buffer_).subspan(left, want - left)));
  have_ = want;
  return {};
}

Result<std::string_view> ByteCursor::text(uint64_t max_bytes, std::string_view what) {
  SLUICE_TRY(const uint64_t length, number<uint64_t>(what));
  if (length > remaining()) {
    return error(Code::corrupt, fmt::format("{} claims {} bytes, only {} can follow", what, length, remaining()));
  }
  if (length > max_bytes) {
    return error(Code::corrupt, fmt::format("{} claims {} bytes, more than the {} allowed", what, length, max_bytes));
  }
  SLUICE_TRY(const auto bytes, take(length, what));
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

Status ByteCursor::skip(uint64_t bytes, std::string_view what) {
  if (bytes > remaining()) {
    return error(Code::corrupt, fmt::format("{} claims {} bytes, only {} can follow", what, bytes, remaining()));
  }
  while (bytes > 0) {
    const uint64_t step = std::min(bytes, kWindow);
    SLUICE_TRY_VOID(take(step, what));
    bytes -= step;
  }
  return {};
}

Error ByteCursor::error(Code code, std::string_view message) const {
  return Error{code, fmt::format("{}: offset {}: {}", file_.path(), offset(), message)};
}

}  // namespace sluice::store
