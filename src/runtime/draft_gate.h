// How many tokens to guess ahead: as many as pay, measured. A pass over 1 + d tokens costs more than one over a single token,
// in memory traffic and, where experts come from the drive, in reads; what it brings depends on how often guesses are right.
// The gate keeps running means of both and takes the depth with the most tokens a second, none unless that is clearly
// faster. Depths that are not in use are tried for a few passes now and then, more seldom each time they lose.
//
// Pure: it is told times and reads no clock. It decides speed only; what is generated never depends on it.
#pragma once

#include <array>
#include <cstdint>

#include "device/state.h"

namespace sluice::runtime {

using device::kMostDrafts;

class DraftGate {
 public:
  // `most`: 1 to kMostDrafts.
  explicit DraftGate(int32_t most) : most_(most) {}

  // Guesses wanted for the next pass, 0 to `most`.
  int32_t depth() const { return trial_left_ > 0 ? trial_ : current_; }

  // A pass over 1 + `drafts` tokens, guessing included, took so long; the first `accepted` guesses were right. `drafts` may be
  // fewer than depth() asked for.
  void passed(int32_t drafts, int32_t accepted, double seconds);

  // No guess is in use, and none will be tried soon.
  bool asleep() const { return current_ == 0 && trial_left_ == 0; }

  // Expected tokens a second at a depth, 0 before it was measured. For tests and reports.
  double rate(int32_t drafts) const;

 private:
  class Mean {
   public:
    void add(double x);
    bool known() const { return count_ > 0; }
    double value() const { return value_; }

   private:
    double value_ = 0;
    int32_t count_ = 0;
  };

  void begin_trial(int32_t depth, int32_t passes);
  void end_trial();
  int32_t best() const;
  void due();  // begins a trial where one is due

  const int32_t most_;
  std::array<Mean, kMostDrafts + 1> seconds_;  // of a pass, by drafts
  std::array<Mean, kMostDrafts + 1> right_;    // [i]: guess i is right, given that those before it are
  int32_t current_ = 0;
  int32_t trial_ = 0, trial_left_ = 0;  // the depth on trial and its passes to come
  bool warming_ = false;                // its first pass is still to come
  int32_t since_ = 0;                   // passes since the last trial
  int32_t pause_ = kFirstPause;         // passes until the next, while nothing pays
  bool look_down_ = true;               // the next look of a depth in use is at fewer guesses
  static constexpr int32_t kFirstPause = 16;
};

}  // namespace sluice::runtime
