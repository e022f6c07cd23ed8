// A positioned read that a queue is asked for, and how it ended. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sluice/status.h"

namespace sluice::io {

class File;

enum class Priority : uint8_t {
  demand,       // a token waits for it
  speculative,  // for otherwise idle time; served only while no demand read is queued for its drive
};

// A file opened in direct mode is read in whole blocks: dst must agree with offset and have room on both sides, which
// is overwritten (io/direct.h). What follows says dst[0, bytes) and means that room as well.
//
// REQUIRES: *file and dst[0, bytes) outlive the request: until its completion is taken or the queue is destroyed.
// Until then the queue owns the bytes at dst; after a failure what they hold is unspecified.
struct Request {
  const File* file = nullptr;
  uint64_t offset = 0;  // bytes from the start of the file
  std::byte* dst = nullptr;
  uint64_t bytes = 0;  // 0 is allowed and ends ok
  uint64_t tag = 0;    // the caller's; comes back in the completion
  Priority priority = Priority::demand;
  uint16_t drive = 0;  // which one the file lies on, below QueueOptions::drives (io/drives.h numbers them)
};

enum class Outcome : uint8_t {
  ok,           // every byte is at dst
  end_of_file,  // the file is shorter than the request
  failed,       // the system refused, after retries; Completion::error says why
};

struct Completion {
  uint64_t tag = 0;
  uint64_t bytes_done = 0;  // from the start of the request
  int32_t error = 0;        // errno; 0 unless the outcome is failed
  Outcome outcome = Outcome::ok;

  bool ok() const { return outcome == Outcome::ok; }
};

// The completion as a Status; only a failure allocates. Code io, message "FILE: offset N: short read, A of B bytes;
// ..." or "FILE: read of B bytes at offset N failed: Input/output error". REQUIRES: `completion` is that of `request`.
Status status(const Request& request, const Completion& completion);

// The error of a completion that is not ok, as above. REQUIRES: !completion.ok().
Error describe(const Request& request, const Completion& completion);

}  // namespace sluice::io
