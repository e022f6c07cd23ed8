// What the engine's thread does: answers several requests at once. Prompts are taken in by turns, a chunk at a time, between
// the tokens of those that are answering; these go through the model together, so that an expert picked by several is read
// and multiplied once. A session goes on from the longest beginning of a prompt that it or a saved state holds (PrefixKeeper).
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/answer.h"
#include "runtime/expert_map.h"
#include "runtime/live_rates.h"
#include "runtime/prefix_keeper.h"
#include "runtime/request_queue.h"

namespace sluice::runtime {

class AnswerLoop {
 public:
  // All must outlive it. REQUIRES: as many sessions as the queue has seats, at most device::kMostParts.
  AnswerLoop(Engine::Parts& engine, std::vector<std::unique_ptr<Session>> sessions, SavedPrefixes& saved, RequestQueue& queue, ExpertMapBoard& map);

  // Until the queue is stopped and what was begun has ended.
  void run();

 private:
  using Clock = std::chrono::steady_clock;

  struct Seat {
    Seat(std::unique_ptr<Session> s, SavedPrefixes& saved) : session(std::move(s)), prefixes(session->parts(), saved) {}
    std::unique_ptr<Session> session;
    PrefixKeeper prefixes;
    uint64_t used = 0;               // when it was last given away
    // Of the request that is being answered.
    std::optional<Waiting> taken;
    size_t reused = 0;               // tokens of the prompt that were known
    std::vector<size_t> stop_at;
    PromptStops stops;
    TokenSink sink;
    std::optional<Answer> answer;    // refers to those above
    Clock::time_point from;
  };

  void warm_up();
  void admit();
  Seat& choose_seat(std::span<const int32_t> prompt);
  void begin(Seat& seat, Waiting waiting);
  void decode();
  void read();
  void end(Seat& seat, Status status);
  void settle(const Result<Generation>& generation, const Seat& seat);
  void publish_prefixes();
  void look(bool decoding, bool last = false);
  bool any(bool reading) const;

  Engine::Parts& engine_;
  SavedPrefixes& saved_;
  RequestQueue& queue_;
  ExpertMapBoard& map_;
  std::deque<Seat> seats_;
  size_t taken_ = 0;                 // seats
  uint64_t turn_ = 0;
  size_t next_reader_ = 0;
  double owed_ = 0;                  // seconds of decoding before the next chunk of a prompt
  std::vector<Answer*> together_;
  std::vector<float> logits_;        // scratch of step_together
  uint64_t passes_ = 0, passed_ = 0; // decoding: passes through the model, and tokens in them
  LiveRates rates_;
  double busy_s_ = 0;                // of requests that ended
};

}  // namespace sluice::runtime
