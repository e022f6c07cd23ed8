// How many tokens to guess ahead: as many as pay, measured. A pass over 1 + d tokens costs more than one over a single token,
// in memory traffic and, where experts come from the drive, in reads; what it brings depends on how often guesses are right.
//
// Pass times drift far more than the difference that matters (caches fill, the clock changes, neighbours come and go), so
// times are only compared with their neighbours: some passes of the depth in use, some of another depth, some of the first
// again. From no guesses to some only after three such comparisons in a row that were won; back as soon as one is lost. What
// comparisons cost is kept below a fiftieth of all time.
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
  int32_t depth() const { return stage_ == Stage::probe ? probe_ : current_; }

  // A pass over 1 + `drafts` tokens, guessing included, took so long; the first `accepted` guesses were right. `drafts` may be
  // fewer than depth() asked for.
  void passed(int32_t drafts, int32_t accepted, double seconds);

  // Of `drafts` guesses that no pass was made for, the first `accepted` would have been right.
  void foresaw(int32_t drafts, int32_t accepted);

  // How many times as fast as without guesses, 0 before it was measured.
  double gain(int32_t drafts) const;

 private:
  class Mean {
   public:
    void add(double x, double fade);
    bool known() const { return count_ > 0; }
    double value() const { return value_; }

   private:
    double value_ = 0;
    int32_t count_ = 0;
  };

  static constexpr size_t kBlock = 6;  // passes compared with as many others

  // The times of the latest passes of a block.
  class Block {
   public:
    void clear() { count_ = 0; }
    void add(double seconds) { seconds_[count_++ % kBlock] = seconds; }
    size_t size() const { return count_ < kBlock ? count_ : kBlock; }
    bool full() const { return count_ >= kBlock; }
    double median() const;
    double mean() const;  // one slow pass counts as a few usual ones at most

   private:
    std::array<double, kBlock> seconds_{};
    size_t count_ = 0;
  };

  enum class Stage : uint8_t { steady, probe, after };

  double tokens(int32_t drafts) const;  // expected of a pass
  bool due() const;
  bool slower() const;
  bool affordable(int32_t depth) const;
  int32_t next_probe() const;
  void begin();
  void probed(int32_t drafts, int32_t accepted, double seconds);
  void judge();
  void judge_start(double sample);
  void judge_use(bool clear_loss);
  void use(int32_t depth);

  const int32_t most_;
  std::array<Mean, kMostDrafts + 1> right_;  // [i]: guess i is right, given that those before it are
  std::array<Mean, kMostDrafts + 1> cost_;   // [d]: time of a pass over that of one without guesses
  std::array<double, kMostDrafts + 1> lost_{};  // [d]: seconds the last probe of that depth lost
  int32_t current_ = 0;
  Stage stage_ = Stage::steady;
  Block before_, probing_, after_;           // before_ goes on while nothing is compared
  int32_t probe_ = 0;                        // depth compared with current_
  bool warming_ = false;                     // its first pass is still to come: it finds cold caches and is not compared
  int32_t won_ = 0;                          // comparisons in a row
  int32_t candidate_ = 1;                    // the next depth to try while there are no guesses
  int32_t since_ = 0;                        // passes since the last comparison
  int32_t pause_ = kFirstPause;              // passes until the next, while there are no guesses
  int32_t look_ = kFirstPause;               // passes until the next, while there are some
  bool look_down_ = true;                    // the next look of a depth in use is at no guesses
  double judged_ = 0;                        // seconds of a pass of the depth in use at its last comparison
  double total_ = 0, spent_ = 0, probe_lost_ = 0;  // seconds: all, what probes lost, the one under way
  static constexpr int32_t kFirstPause = 16;
};

}  // namespace sluice::runtime
