// How many expert slots to use: as many as help, and fewer at once when memory runs short.
//
// A cache that pushes the process into paging costs far more than its hits bring (waste measured a factor of eight),
// and how much memory is really free is not known beforehand and changes. So the count starts below what was planned
// and is raised in small steps; each step is judged by the tokens after it, taken back when it hurt, and followed by
// ever longer pauses the less steps bring. Paging, or too little memory left, ends any step and lowers the count at
// once.
//
// Pure policy: no clock, no I/O; what it sees is in the samples, and the same samples give the same advice.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::runtime {

struct GovernorLimits {
  int32_t least = 1;        // slots that must be had: one token's experts
  int32_t most = 1;         // slots that there is address space for
  int32_t start = 1;        // the first advice; cautious_start(least, most) where nothing better is known
  uint64_t slot_bytes = 0;  // memory of one slot
  uint64_t reserve = 0;     // bytes that must stay available to everybody else
};

// 15 percent below the most.
int32_t cautious_start(int32_t least, int32_t most);

// One decoded token, as soon as it is done. Prompt tokens are no samples: their times say nothing about slots.
struct Sample {
  double token_s = 0;
  uint64_t major_faults = 0;  // of the process since it began (MemoryHealth)
  uint64_t available = 0;     // bytes (MemoryHealth)
  double stalled = -1;        // percent (MemoryHealth); -1: not known
  double hit_rate = 0;        // of this token
  int32_t held = 0;           // slots that take memory now, those still to be given back included
};

enum class Move : uint8_t {
  none,
  grew,          // a step on trial
  stepped_back,  // the step before hurt
  fled_paging,   // major faults rose
  fled_others,   // less than the reserve was available
};

// Not thread-safe. Nothing allocates.
class Governor {
 public:
  // REQUIRES: 0 < least <= start <= most.
  explicit Governor(const GovernorLimits& limits);

  // The slots wanted from now on, least to most.
  int32_t advise(const Sample& sample);

  int32_t slots() const { return slots_; }
  Move last_move() const { return last_move_; }  // of the last advice
  uint64_t moves(Move move) const { return moves_[static_cast<size_t>(move)]; }

 private:
  static constexpr int32_t kJudged = 24;  // tokens by which a step is judged

  // What the tokens of one window were like.
  struct Verdict {
    bool known = false;
    double token_s = 0;  // median
    double spread = 0;   // of single tokens, as a standard deviation; robust
    double hit_rate = 0;
  };

  bool flee_others(const Sample& sample);
  bool flee_paging(uint64_t faults);
  void collect(const Sample& sample);
  Verdict verdict() const;
  bool hurts_at_once() const;
  void judge();
  bool may_grow(const Sample& sample) const;
  void move_to(int32_t slots, Move move);

  const GovernorLimits limits_;
  const int32_t step_;
  int32_t slots_;
  Move last_move_ = Move::none;
  std::array<uint64_t, 5> moves_{};

  int32_t before_trial_ = 0;  // slots before the step on trial; 0: none is
  Verdict reference_;         // of the slots before
  int32_t ceiling_;           // slots that hurt when they were last tried
  int32_t settle_;            // tokens to let pass before the window: the cache adapts
  int32_t judged_ = 0;        // tokens in the window
  std::array<double, kJudged> times_{};
  double hits_ = 0;

  int32_t rest_ = 0;    // tokens before any next step, after one that brought nothing
  int32_t rest_after_;  // how long the next rest will be
  int32_t wait_ = 0;    // tokens before a step up to ceiling_
  int32_t pause_;       // how long the next such wait will be

  bool seen_ = false;  // faults_seen_ is known
  uint64_t faults_seen_ = 0;
  uint64_t recent_ = 0;  // faults in this and the tokens before, fading
  uint64_t peak_ = 0;    // faults of the worst token since a flight
  int32_t flights_ = 0;  // one after the other
  int32_t blind_ = 0;    // tokens in which paging counts for nothing: what was paged out comes back
};

}  // namespace sluice::runtime
