#include "runtime/governor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/check.h"

namespace sluice::runtime {
namespace {

constexpr int32_t kSteps = 32;   // from least to most
constexpr int32_t kSettle = 8;   // tokens
constexpr int32_t kPause = 128;  // tokens, the first pause
constexpr int32_t kLongest = 8192;
constexpr int32_t kBlind = 4;
constexpr int32_t kNone = std::numeric_limits<int32_t>::max();

// A page or two a token is code that is used for the first time; the cliff is hundreds.
constexpr uint64_t kBurst = 32;    // faults in one token
constexpr uint64_t kTrickle = 16;  // in the last few

constexpr double kHurts = 0.10;      // a token time so much longer is a step too far
constexpr double kAtOnce = 2;        // so many times longer, thrice in a row, needs no full window
constexpr double kFaster = 0.01;     // a step helped: the token time fell by so much,
constexpr double kMoreHits = 0.002;  // or the hit rate rose so
constexpr double kAllHits = 0.9995;  // more slots can bring nothing
constexpr double kCalm = 1;          // percent of time stalled for memory up to which there is room to grow

double median(std::span<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

int32_t cautious_start(int32_t least, int32_t most) {
  return std::clamp(static_cast<int32_t>(int64_t{most} * 85 / 100), least, std::max(least, most));
}

Governor::Governor(const GovernorLimits& limits)
    : limits_(limits),
      step_(std::max((limits.most - limits.least) / kSteps, 1)),
      slots_(limits.start),
      ceiling_(kNone),
      settle_(kSettle),
      rest_after_(kPause),
      pause_(kPause) {
  SLUICE_CHECK(limits.least > 0 && limits.least <= limits.start && limits.start <= limits.most);
}

int32_t Governor::advise(const Sample& sample) {
  last_move_ = Move::none;
  const uint64_t faults = seen_ && sample.major_faults > faults_seen_ ? sample.major_faults - faults_seen_ : 0;
  seen_ = true;
  faults_seen_ = sample.major_faults;
  if (flee_others(sample) || flee_paging(faults)) return slots_;
  collect(sample);
  rest_ = std::max(rest_ - 1, 0);
  wait_ = std::max(wait_ - 1, 0);
  if (judged_ == kJudged || hurts_at_once()) judge();
  if (last_move_ == Move::none && before_trial_ == 0 && may_grow(sample)) {
    before_trial_ = slots_;
    move_to(slots_ + step_, Move::grew);
  }
  return slots_;
}

// The reserve and what is held say how many slots there is room for, however far the cache is with giving back.
bool Governor::flee_others(const Sample& sample) {
  if (sample.available >= limits_.reserve || limits_.slot_bytes == 0) return false;
  // A little further than need be, so that the next byte somebody takes is not the next flight.
  const uint64_t missing = limits_.reserve - sample.available + limits_.reserve / 8;
  const auto surplus = static_cast<int64_t>(std::min<uint64_t>(missing / limits_.slot_bytes + 1, INT32_MAX));
  const int64_t room = std::clamp<int64_t>(sample.held - surplus, limits_.least, limits_.most);
  if (room >= slots_) return false;  // those beyond are on their way out
  move_to(static_cast<int32_t>(room), Move::fled_others);
  return true;
}

bool Governor::flee_paging(uint64_t faults) {
  recent_ = recent_ * 3 / 4 + faults;
  if (blind_ > 0) {
    --blind_;
    recent_ = 0;
    peak_ = std::max(peak_, faults);
    return false;
  }
  if (faults < kBurst && recent_ < kTrickle) {
    peak_ = 0;
    flights_ = 0;
    return false;
  }
  // After a flight the pages that were lost come back with faults; while those fall, all is well.
  const bool falling = faults < peak_ / 2;
  peak_ = faults;
  blind_ = kBlind;
  if (falling) return false;
  // A sixteenth; when that was not enough, an eighth, then a quarter at a time.
  const int32_t lower = slots_ - std::max(step_, slots_ / (16 >> std::min(flights_++, 2)));
  const int32_t target = std::max(before_trial_ != 0 ? before_trial_ : lower, limits_.least);
  if (target == slots_) return false;
  move_to(target, Move::fled_paging);
  return true;
}

void Governor::collect(const Sample& sample) {
  if (settle_ > 0) {
    --settle_;
    return;
  }
  times_[static_cast<size_t>(judged_++)] = sample.token_s;
  hits_ += sample.hit_rate;
}

Governor::Verdict Governor::verdict() const {
  std::array<double, kJudged> values = times_;
  const std::span<double> used(values.data(), static_cast<size_t>(judged_));
  Verdict out{.known = true, .token_s = median(used), .hit_rate = hits_ / judged_};
  for (double& value : used) value = std::abs(value - out.token_s);
  out.spread = 1.4826 * median(used);  // of the normal distribution, from the median of deviations
  return out;
}

// Whether the last three tokens of a trial say enough.
bool Governor::hurts_at_once() const {
  if (before_trial_ == 0 || !reference_.known || judged_ < 3) return false;
  const auto end = times_.begin() + judged_;
  const double limit = reference_.token_s * kAtOnce + 3 * reference_.spread;
  return std::all_of(end - 3, end, [&](double s) { return s > limit; });
}

// At the end of a window: the step on trial is taken back, or stands and is the reference of the next.
void Governor::judge() {
  const Verdict now = verdict();
  const bool early = judged_ < kJudged;
  judged_ = 0;
  hits_ = 0;
  if (before_trial_ != 0 && reference_.known) {
    // Three deviations of a difference of two medians of kJudged tokens each.
    const double doubt = 3 * 1.25 * std::sqrt(2.0 / kJudged) * std::max(now.spread, reference_.spread);
    if (early || now.token_s > reference_.token_s + std::max(kHurts * reference_.token_s, doubt)) {
      return move_to(before_trial_, Move::stepped_back);
    }
    const bool helped =
        now.token_s < reference_.token_s * (1 - kFaster) || now.hit_rate > reference_.hit_rate + kMoreHits;
    rest_ = helped ? 0 : rest_after_;
    rest_after_ = helped ? kPause : std::min(2 * rest_after_, kLongest);
    if (slots_ >= ceiling_) {
      ceiling_ = kNone;
      pause_ = std::max(pause_ / 2, kPause);
    }
  }
  before_trial_ = 0;
  reference_ = now;
}

bool Governor::may_grow(const Sample& sample) const {
  if (!reference_.known || reference_.hit_rate >= kAllHits || slots_ == limits_.most) return false;
  if (rest_ > 0 || (wait_ > 0 && slots_ + step_ >= ceiling_)) return false;
  if (recent_ > 1 || blind_ > 0 || sample.stalled > kCalm) return false;
  // Slots that were granted and not filled so far will take their memory too.
  const auto to_come = static_cast<uint64_t>(std::max(slots_ - sample.held, 0) + step_);
  const uint64_t wanted = limits_.reserve + limits_.reserve / 4 + to_come * limits_.slot_bytes;
  return sample.available >= wanted;
}

void Governor::move_to(int32_t slots, Move move) {
  if (move != Move::grew) {
    // What hurt is not tried again for a while, for longer each time: a cliff stays, others come and go.
    ceiling_ = slots_;
    wait_ = pause_;
    pause_ = std::min(2 * pause_, kLongest);
    before_trial_ = 0;
    reference_.known = false;  // it is of another count
  }
  slots_ = std::clamp(slots, limits_.least, limits_.most);
  last_move_ = move;
  ++moves_[static_cast<size_t>(move)];
  settle_ = kSettle;
  judged_ = 0;
  hits_ = 0;
}

}  // namespace sluice::runtime
