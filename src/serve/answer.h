// One request in the engine, seen from the thread that answers its client: tokens come over a bounded queue, so that the
// engine never waits for a client.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serve/wake.h"
#include "sluice/scheduler.h"

namespace sluice::serve {

struct TokenEvent {
  int32_t token = -1;  // -1: text only, held back until now
  std::string text;
  std::optional<TokenChances> chances;
};

class Answer {
 public:
  // Errors: those of Scheduler::submit.
  static Result<std::shared_ptr<Answer>> start(Scheduler& scheduler, std::vector<int32_t> prompt, GenerateOptions options,
                                               bool chances);

  // What came since the last call. After it, result() is there once everything was taken.
  std::vector<TokenEvent> take();
  // Null until take() has returned the last token. Its tokens and text are those of take() joined.
  const Result<Generation>* result() const { return taken_all_ ? &*result_ : nullptr; }

  void cancel() { cancel_.store(true, std::memory_order_relaxed); }
  // True: the client left too much unread and was given up.
  bool overflowed() const { return overflowed_.load(std::memory_order_relaxed); }

  const Wake& wake() const { return wake_; }  // rings when there is something to take

 private:
  Answer() = default;
  void push(int32_t token, std::string_view text);
  void finish(Result<Generation> generation);

  std::atomic<bool> cancel_ = false, overflowed_ = false;
  Wake wake_;
  std::mutex mutex_;
  std::vector<TokenEvent> events_;
  size_t bytes_ = 0;  // of events_
  std::optional<TokenChances> next_chances_;  // the engine thread's: of the token that comes next
  std::optional<Result<Generation>> result_;
  bool taken_all_ = false;
};

}  // namespace sluice::serve
