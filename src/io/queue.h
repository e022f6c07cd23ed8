// The queue of reads: many requests in flight, completions in whatever order the drive gives them.
//
// On each drive, demand requests are started before speculative ones, in order of submission within a class. Drives do
// not wait for each other: what is queued for a slow one holds up no read of another. A partial read goes on
// where it stopped; a failed one is retried a little (io/progress.h) and then ends its request, never the queue. Files
// opened in direct mode are read in whole blocks straight to dst: see io/direct.h for where dst must be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "io/reader.h"
#include "io/request.h"

namespace sluice::io {

inline constexpr int32_t kMostDrives = 32;

struct QueueOptions {
  size_t capacity = 1024;           // most requests in flight
  int32_t drives = 1;               // Request::drive is below this; 1 to kMostDrives
  int32_t threads = 4;              // for each drive, of a backend that has threads
  Reader reader = system_reader();  // of a backend that reads with calls; tests put faults here

  // Of a backend that keeps many reads before a drive without threads (uring). A request counts once a piece.
  int32_t depth = 32;             // most reads at each drive at once
  int32_t speculative_depth = 4;  // of them for speculative requests: what a demand read may have to wait behind
  uint64_t piece =
      0;  // larger requests are read in pieces of so many bytes; 0: whole, as fast on the drives we measured
  // Memory to register with the system (uring: pinned, so resident from the start; reads to it skip a lookup a page).
  // It outlives the queue. A wish: where the system refuses (RLIMIT_MEMLOCK), reads take the ordinary way, and
  // Counters::registered_reads stays 0. A dst outside it is no error.
  std::span<std::byte> registered = {};
  // The processors that threads of a backend, or the kernel's for it, run on; empty: wherever the system likes. A wish too.
  std::span<const int32_t> cpus = {};
};

// Since construction. Retries and failures stand at zero on a healthy machine.
struct Counters {
  uint64_t requests = 0;          // ended, ok or not
  uint64_t failures = 0;          // requests that ended not ok
  uint64_t bytes = 0;             // that arrived
  uint64_t retries = 0;           // reads issued beyond the first of a request, or of a piece of one
  uint64_t registered_reads = 0;  // that went to registered memory
};

// Threads: submit from any thread; wait and poll from one thread at a time. Nothing allocates after construction.
// Destruction drops requests that have not started and waits for those that have; after it no dst is written.
class Queue {
 public:
  Queue() = default;
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  virtual ~Queue() = default;

  virtual size_t capacity() const = 0;

  // Submitted and not yet taken by wait or poll.
  virtual size_t in_flight() const = 0;

  // Never blocks on a read. REQUIRES: requests.size() <= capacity() - in_flight().
  virtual void submit(std::span<const Request> requests) = 0;

  // Blocks until at least one request has ended; fills out[0, n) and returns n.
  // REQUIRES: in_flight() > 0, else it could never return; !out.empty().
  virtual size_t wait(std::span<Completion> out) = 0;

  // The same without blocking; may return 0.
  virtual size_t poll(std::span<Completion> out) = 0;

  virtual Counters counters() const = 0;
};

}  // namespace sluice::io
