// Requests that wait for the engine's thread, first come first served, and what the world may know of it all: the part of a
// Scheduler that threads share. Its lock is held for moments only, never while the engine works.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "sluice/scheduler.h"

namespace sluice::runtime {

struct Waiting {
  Request request;
  Scheduler::Done done;
};

bool cancelled(const Request& request);

// Of a request that was cancelled before its turn.
Generation nothing_said();

class RequestQueue {
 public:
  // `seats`: requests that are answered at once.
  RequestQueue(int32_t most, int32_t seats);

  // As Scheduler::submit, whatever the prompt.
  Result<uint64_t> submit(Request request, Scheduler::Done done);

  // The next request, which counts as running from now on. Null: there is none; with `wait`, only once it is stopped.
  std::optional<Waiting> take(bool wait);

  // Whether take(true) would wait.
  bool idle() const;

  // Nothing more is taken; returns what waited.
  std::deque<Waiting> stop();

  // Counts a token; takes no lock.
  void generated() { generated_.fetch_add(1, std::memory_order_relaxed); }

  SchedulerStatus status() const;
  template <class F>
  void update(const F& change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }

 private:
  std::vector<Waiting> take_cancelled();

  std::atomic<uint64_t> generated_{0};
  std::atomic<size_t> waiting_{0};  // as large as queue_, to be looked at between tokens

  mutable std::mutex mutex_;  // guards all that follows
  std::condition_variable work_;
  std::deque<Waiting> queue_;
  SchedulerStatus status_;
  uint64_t next_number_ = 1;
  bool stopping_ = false;
};

}  // namespace sluice::runtime
