#include "io/progress.h"

#include <cerrno>

#include "base/check.h"

namespace sluice::io {

void Progress::advance(int64_t result) {
  SLUICE_CHECK(!finished_);
  ++reads_;
  if (result > 0) {
    SLUICE_CHECK(static_cast<uint64_t>(result) <= rest().size());
    bytes_done_ += static_cast<uint64_t>(result);
    finished_ = bytes_done_ == request_.bytes;
  } else if (result == 0) {
    outcome_ = Outcome::end_of_file;
    finished_ = true;
  } else if (result != -EINTR && ++failures_ > kErrorRetries) {
    outcome_ = Outcome::failed;
    error_ = static_cast<int32_t>(-result);
    finished_ = true;
  }
}

Completion Progress::completion() const {
  SLUICE_CHECK(finished_);
  return {.tag = request_.tag, .bytes_done = bytes_done_, .error = error_, .outcome = outcome_};
}

}  // namespace sluice::io
