// One request on its way: what has come, what is left, whether to try again. Every backend decides with this, so that
// they all retry alike, and turn a request of a direct file into aligned reads alike (io/direct.h). Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "io/direct.h"
#include "io/request.h"

namespace sluice::io {

class Progress {
 public:
  // Failed reads of one request that are tried again. Interrupted and partial reads are not failures.
  static constexpr int32_t kErrorRetries = 2;

  // REQUIRES: direct_fits(request.offset, request.dst, request.file->alignment()).
  explicit Progress(const Request& request);

  bool finished() const { return finished_; }

  // Where to read next: of a direct file whole blocks, the request's neighbours included. REQUIRES: !finished().
  uint64_t offset() const { return span_.begin + done_; }
  std::span<std::byte> rest() const { return {request_.dst - span_.head + done_, span_.bytes - done_}; }

  // Takes in one read of rest() at offset(): bytes that came, 0 for the end of the file, or minus an errno. A direct
  // read that does not bring a whole block ends at the end of the file: it is tried again a little, as a failed one is.
  void advance(int64_t result);

  uint64_t bytes_done() const { return bytes_done_; }  // of the request, neighbours not counted
  uint64_t reads() const { return reads_; }

  // REQUIRES: finished().
  Completion completion() const;

 private:
  void take_in(uint64_t bytes);

  Request request_;
  DirectSpan span_;
  uint64_t done_ = 0;        // of span_; whole blocks
  uint64_t bytes_done_ = 0;  // of request_
  uint64_t reads_ = 0;
  int32_t failures_ = 0;
  int32_t error_ = 0;
  Outcome outcome_ = Outcome::ok;
  bool finished_ = false;
};

}  // namespace sluice::io
