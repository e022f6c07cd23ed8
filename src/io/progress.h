// One request on its way: what has come, what is left, whether to try again. Every backend decides with this, so that
// they all retry alike. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "io/request.h"

namespace sluice::io {

class Progress {
 public:
  // Failed reads of one request that are tried again. Interrupted and partial reads are not failures.
  static constexpr int32_t kErrorRetries = 2;

  explicit Progress(const Request& request) : request_(request), finished_(request.bytes == 0) {}

  bool finished() const { return finished_; }

  // Where to read next. REQUIRES: !finished().
  uint64_t offset() const { return request_.offset + bytes_done_; }
  std::span<std::byte> rest() const { return {request_.dst + bytes_done_, request_.bytes - bytes_done_}; }

  // Takes in one read of rest() at offset(): bytes that came, 0 for the end of the file, or minus an errno.
  void advance(int64_t result);

  uint64_t bytes_done() const { return bytes_done_; }
  uint64_t reads() const { return reads_; }

  // REQUIRES: finished().
  Completion completion() const;

 private:
  Request request_;
  uint64_t bytes_done_ = 0;
  uint64_t reads_ = 0;
  int32_t failures_ = 0;
  int32_t error_ = 0;
  Outcome outcome_ = Outcome::ok;
  bool finished_;
};

}  // namespace sluice::io
