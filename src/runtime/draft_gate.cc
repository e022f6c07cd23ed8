#include "runtime/draft_gate.h"

#include <algorithm>

namespace sluice::runtime {
namespace {

constexpr double kFade = 0.12;        // weight of the newest sample, once there are some
constexpr double kOutlier = 3.0;      // times the mean that one sample may count for: one slow read is no trend
constexpr double kClear = 1.05;       // a depth must be this much faster than none
constexpr double kClearLoss = 0.85;   // a trial this much slower than no guesses is not repeated soon
constexpr int32_t kTrial = 4;         // passes of a trial; the first is not timed, it finds cold caches
constexpr int32_t kReferenceTrial = 4;  // passes without guesses, to keep their time up to date
constexpr int32_t kLook = 48;         // passes of a depth in use between two looks beside it
constexpr int32_t kLongestPause = 1024;

}  // namespace

void DraftGate::Mean::add(double x) {
  ++count_;
  if (count_ > 2) x = std::min(x, kOutlier * value_ + 1e-9);
  value_ += (x - value_) * std::max(1.0 / count_, kFade);
}

double DraftGate::rate(int32_t drafts) const {
  const Mean& time = seconds_[static_cast<size_t>(drafts)];
  if (!time.known() || time.value() <= 0) return 0;
  double tokens = 1, all = 1;
  for (int32_t i = 1; i <= drafts; ++i) tokens += all *= right_[static_cast<size_t>(i)].value();
  return tokens / time.value();
}

int32_t DraftGate::best() const {
  int32_t best = 0;
  for (int32_t d = 1; d <= most_; ++d) {
    if (rate(d) > rate(best) * (best == 0 ? kClear : 1.0)) best = d;
  }
  return best;
}

void DraftGate::begin_trial(int32_t depth, int32_t passes) {
  trial_ = depth;
  trial_left_ = passes;
  warming_ = true;
  since_ = 0;
}

void DraftGate::end_trial() {
  const int32_t before = current_;
  current_ = best();
  if (current_ > 0) {
    pause_ = kFirstPause;
    // A deeper one was never tried: at once, while guesses are mostly right.
    const int32_t next = current_ + 1;
    const bool unknown = next <= most_ && !seconds_[static_cast<size_t>(next)].known();
    if (unknown && right_[static_cast<size_t>(current_)].value() > 0.5) begin_trial(next, kTrial);
  } else if (before == 0 && trial_ > 0) {
    const bool clear = rate(trial_) < kClearLoss * rate(0);
    pause_ = std::min((clear ? 8 : 2) * pause_, kLongestPause);
  }
}

void DraftGate::due() {
  if (current_ == 0) {
    if (since_ >= pause_) begin_trial(1, kTrial);
    return;
  }
  if (since_ < kLook) return;
  // By turns: without guesses, to see that they still pay; and one deeper or shallower.
  if (look_down_) begin_trial(0, kReferenceTrial);
  else begin_trial(current_ < most_ ? current_ + 1 : std::max(current_ - 1, 1), kTrial);
  look_down_ = !look_down_;
}

void DraftGate::passed(int32_t drafts, int32_t accepted, double seconds) {
  const bool first_of_trial = warming_ && drafts == trial_;
  if (first_of_trial) warming_ = false;
  else seconds_[static_cast<size_t>(drafts)].add(seconds);
  for (int32_t i = 1; i <= std::min(drafts, accepted + 1); ++i) right_[static_cast<size_t>(i)].add(i <= accepted ? 1.0 : 0.0);
  if (trial_left_ > 0) {
    if (drafts == trial_ && --trial_left_ == 0) end_trial();
    return;
  }
  // Measured all the time, a depth in use is dropped as soon as it no longer pays.
  if (current_ > 0 && best() == 0) {
    current_ = 0;
    since_ = 0;
    return;
  }
  ++since_;
  due();
}

}  // namespace sluice::runtime
