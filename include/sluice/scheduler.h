// One engine for many callers: requests wait in a fair queue; the engine's own thread answers as many of them at once as it
// has sessions (EngineOptions::sessions).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sluice/engine.h"
#include "sluice/expert_map.h"
#include "sluice/options.h"
#include "sluice/session.h"
#include "sluice/status.h"

namespace sluice {

struct Request {
  std::vector<int32_t> prompt;  // the whole conversation: what of it is already known is found by the scheduler
  GenerateOptions options;      // `cancel` and everything its functions use must live until `done` was called
  TokenSink sink;               // called on the engine's thread: must be quick and never wait
};

struct SchedulerOptions {
  int32_t max_queue = 32;  // requests that wait; one more is refused
  std::string snapshots;   // a folder where states of conversations outlive the process; empty: none
  uint64_t snapshots_size = uint64_t{16} << 30;  // most bytes in it; half as many are written an hour
};

// A picture of the moment. Rates are of the last second or so of decoding; 0 while nothing was decoded yet.
struct SchedulerStatus {
  int32_t sessions = 0;  // requests that can be answered at once
  int32_t running = 0, queued = 0, max_queue = 0;
  uint64_t finished = 0, cancelled = 0, failed = 0, refused = 0;  // requests so far
  uint64_t prompt_tokens = 0;     // of all prompts
  uint64_t reused_tokens = 0;     // of them, tokens that the session or a saved state already held
  uint64_t generated_tokens = 0;
  uint64_t decode_passes = 0, decode_pass_tokens = 0;        // passes through the model behind a prompt, and tokens in them
  uint64_t snapshots = 0, snapshot_bytes = 0;                // states of conversations kept in memory
  uint64_t snapshots_saved = 0, snapshots_restored = 0;      // so far
  // On disk, as they were when the last request ended; zero without a folder.
  uint64_t snapshot_files = 0, snapshot_file_bytes = 0, snapshot_bytes_written = 0, snapshot_files_read = 0;
  uint64_t snapshot_files_refused = 0;    // damaged
  uint64_t snapshot_writes_put_off = 0;   // the hour's bytes were used up, or the drive did not keep up
  uint64_t snapshot_writes_failed = 0;
  uint64_t expert_hits = 0, expert_misses = 0, bytes_read = 0;
  double tok_s = 0, hit_rate = 0, ssd_gb_s = 0;
  double request_s = 0;           // mean of the finished ones
  std::optional<double> limit_tok_s;  // of the last finished request
  std::optional<double> prompt_share; // of the last prompt read, 1 at its end; unset while nothing runs
};

class Scheduler {
 public:
  // Called once for every request taken, on the engine's thread, or in the destructor for one that was never begun
  // (Error cancelled). A cancelled request ends with Finish::cancelled.
  using Done = std::function<void(Result<Generation>)>;

  // Errors: those of Engine::new_session; io (no thread to be had).
  static Result<std::unique_ptr<Scheduler>> start(std::unique_ptr<Engine> engine, const SchedulerOptions& options);
  // Waits for the running requests, which their callers should have cancelled.
  ~Scheduler();

  // Thread-safe; returns at once with the request's number. Errors: over_budget (the queue is full), invalid (the prompt
  // is empty or leaves no room in the context).
  Result<uint64_t> submit(Request request, Done done);

  // Thread-safe; never waits for the engine.
  SchedulerStatus status() const;
  // Likewise; a few hundred milliseconds old while the engine works.
  ExpertMap experts() const;

  // For its constant parts, which any thread may read: info, memory, tokenizer, chat_template, stop_tokens,
  // recommended_sampling.
  const Engine& engine() const;
  int64_t context() const;  // positions a conversation may have

 private:
  struct Parts;
  explicit Scheduler(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice
