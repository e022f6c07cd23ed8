#include "io/progress.h"

#include <algorithm>
#include <cerrno>

#include "base/check.h"
#include "io/file.h"

namespace sluice::io {

Progress::Progress(const Request& request)
    : request_(request),
      span_(direct_span(request.offset, request.bytes, request.file->alignment())),
      finished_(request.bytes == 0) {
  SLUICE_CHECK(finished_ || direct_fits(request.offset, request.dst, request.file->alignment()));
}

void Progress::advance(int64_t result) {
  SLUICE_CHECK(!finished_);
  ++reads_;
  if (result > 0) {
    take_in(static_cast<uint64_t>(result));
  } else if (result == 0) {
    outcome_ = Outcome::end_of_file;
    finished_ = true;
  } else if (result != -EINTR && ++failures_ > kErrorRetries) {
    outcome_ = Outcome::failed;
    error_ = static_cast<int32_t>(-result);
    finished_ = true;
  }
}

void Progress::take_in(uint64_t bytes) {
  SLUICE_CHECK(bytes <= rest().size());
  const uint64_t reached = done_ + bytes;
  if (reached > span_.head) bytes_done_ = std::max(bytes_done_, std::min(reached - span_.head, request_.bytes));
  finished_ = bytes_done_ == request_.bytes;
  const uint64_t whole = reached & ~(request_.file->alignment() - 1);
  if (!finished_ && whole == done_ && ++failures_ > kErrorRetries) {
    outcome_ = Outcome::end_of_file;
    finished_ = true;
  }
  done_ = whole;
}

Completion Progress::completion() const {
  SLUICE_CHECK(finished_);
  return {.tag = request_.tag, .bytes_done = bytes_done_, .error = error_, .outcome = outcome_};
}

}  // namespace sluice::io
