#include "runtime/draft_gate.h"

#include <algorithm>

namespace sluice::runtime {
namespace {

constexpr double kRightFade = 0.06;  // weight of the newest guess
constexpr double kCostFade = 0.4;    // weight of the newest comparison
constexpr double kOutlier = 4.0;     // times the block's median that one pass may count for
constexpr double kClear = 1.05;      // a depth must be this much faster than none to be taken
constexpr double kKeep = 1.01;       // and this much to be kept
constexpr double kDeeper = 1.03;     // another depth must be this much faster than the one in use
constexpr double kClearLoss = 0.85;  // a depth this slow is not tried again soon
constexpr double kHopeless = 0.75;   // this slow after a few passes, a comparison ends early
constexpr double kBudget = 0.015;    // share of all time that probes may lose
constexpr double kCredit = 3.0;      // and passes on top, so that there can be a first one
constexpr double kSlower = 1.3;      // passes with guesses this much slower than when they were compared: look again
constexpr int32_t kWins = 3;         // comparisons in a row before guesses are used
constexpr int32_t kLook = 96;        // passes of a depth in use between two looks beside it; at first more often
constexpr int32_t kLongestPause = 2048;

}  // namespace

void DraftGate::Mean::add(double x, double fade) {
  ++count_;
  value_ += (x - value_) * std::max(1.0 / count_, fade);
}

double DraftGate::Block::median() const {
  const size_t n = size();
  std::array<double, kBlock> sorted = seconds_;
  std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(n));
  return n > 0 ? sorted[(n - 1) / 2] : 0;
}

double DraftGate::Block::mean() const {
  const size_t n = size();
  const double most = kOutlier * median();
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::min(seconds_[i], most);
  return n > 0 ? sum / static_cast<double>(n) : 0;
}

double DraftGate::tokens(int32_t drafts) const {
  double tokens = 1, all = 1;
  for (int32_t i = 1; i <= drafts; ++i) tokens += all *= right_[static_cast<size_t>(i)].value();
  return tokens;
}

double DraftGate::gain(int32_t drafts) const {
  if (drafts == 0) return 1;
  const Mean& cost = cost_[static_cast<size_t>(drafts)];
  return cost.known() && cost.value() > 0 ? tokens(drafts) / cost.value() : 0;
}

void DraftGate::foresaw(int32_t drafts, int32_t accepted) {
  for (int32_t i = 1; i <= std::min(drafts, accepted + 1); ++i) right_[static_cast<size_t>(i)].add(i <= accepted ? 1.0 : 0.0, kRightFade);
}

// Without guesses: the depth that won last, else one that is thought to pay, else the one whose turn it is. With some, by
// turns: none, to see that they still pay; one deeper or shallower.
int32_t DraftGate::next_probe() const {
  if (current_ > 0) return look_down_ || most_ == 1 ? 0 : current_ < most_ ? current_ + 1 : current_ - 1;
  return candidate_;
}

bool DraftGate::affordable(int32_t depth) const {
  const double pass = before_.mean();
  const double expected = cost_[static_cast<size_t>(depth)].known() ? lost_[static_cast<size_t>(depth)] : kCredit * pass;
  return spent_ + expected <= kBudget * total_ + kCredit * pass;
}

// The depth in use takes much longer than when it was compared.
bool DraftGate::slower() const { return judged_ > 0 && before_.full() && before_.median() > kSlower * judged_; }

bool DraftGate::due() const {
  if (!before_.full()) return false;
  if (won_ > 0) return true;
  if (current_ > 0) return since_ >= look_ || slower();
  // A guess that would pay by what is known of costs and of guesses that were not made needs no pause.
  const bool hopeful = gain(candidate_) > kClear && since_ >= kFirstPause;
  if (!hopeful && since_ < pause_) return false;
  const Mean& first = right_[1];
  return affordable(candidate_) && (!first.known() || first.value() > 0.1);
}

void DraftGate::begin() {
  if (slower()) look_down_ = true;
  stage_ = Stage::probe;
  probe_ = next_probe();
  warming_ = true;
  probing_.clear();
  after_.clear();
  probe_lost_ = 0;
}

void DraftGate::passed(int32_t drafts, int32_t accepted, double seconds) {
  total_ += seconds;
  foresaw(drafts, accepted);
  if (stage_ == Stage::probe) {
    if (drafts == probe_) return probed(drafts, accepted, seconds);
    if (drafts == current_) before_.add(seconds);  // nothing to guess from: as without
    return;
  }
  if (drafts != current_) return;
  if (stage_ == Stage::after) {
    after_.add(seconds);
    if (after_.full()) judge();
    return;
  }
  before_.add(seconds);
  // Guesses in use that are no longer right are dropped at once.
  if (current_ > 0 && gain(current_) < kKeep) return use(0);
  ++since_;
  if (due()) begin();
}

void DraftGate::probed(int32_t drafts, int32_t accepted, double seconds) {
  if (current_ == 0) probe_lost_ += seconds - (1 + accepted) * before_.mean();
  if (warming_) warming_ = false;
  else probing_.add(seconds);
  const bool hopeless = current_ == 0 && probing_.size() >= 2 && tokens(drafts) * before_.mean() < kHopeless * probing_.mean();
  if (probing_.full() || hopeless) stage_ = Stage::after;
}

void DraftGate::judge() {
  const double base = (before_.mean() + after_.mean()) / 2, probe = probing_.mean();
  stage_ = Stage::steady;
  before_ = after_;
  since_ = 0;
  judged_ = base;
  if (base <= 0 || probe <= 0) return;
  const double now = current_ == 0 ? 1.0 : cost_[static_cast<size_t>(current_)].value();
  if (probe_ == 0) cost_[static_cast<size_t>(current_)].add(base / probe, kCostFade);
  else cost_[static_cast<size_t>(probe_)].add(now * probe / base, kCostFade);
  if (current_ > 0) judge_use(probe_ == 0 && tokens(current_) * probe < kClearLoss * base);
  else judge_start(tokens(probe_) * base / probe);
}

// A depth was compared with no guesses.
void DraftGate::judge_start(double sample) {
  lost_[static_cast<size_t>(probe_)] = std::max(0.0, probe_lost_);
  spent_ = std::max(0.0, spent_ + probe_lost_);
  won_ = sample > 1 ? won_ + 1 : 0;
  if (won_ >= kWins && gain(probe_) > kClear) return use(probe_);
  if (won_ > 0 && won_ < 2 * kWins) return;
  // Lost, or too close to call. A depth that is nearly right leaves hope for the next one.
  won_ = 0;
  const bool clear = sample < kClearLoss;
  candidate_ = !clear && probe_ < most_ ? probe_ + 1 : 1;
  pause_ = std::min((clear ? 4 : 2) * pause_, kLongestPause);
}

// The depth in use was compared with none or with another one.
void DraftGate::judge_use(bool clear_loss) {
  if (clear_loss || gain(current_) < kKeep) return use(0);
  if (probe_ > 0 && gain(probe_) > kDeeper * gain(current_)) return use(probe_);
  look_ = std::min(2 * look_, kLook);
  pause_ = kFirstPause;  // it has proved itself: should it stop to pay, it is tried again soon
  look_down_ = !look_down_;
}

void DraftGate::use(int32_t depth) {
  // The first look beside a new depth: at one deeper, which was perhaps never tried.
  look_down_ = depth == most_ || depth == 0;
  if (depth == 0) {
    candidate_ = current_;
    pause_ = std::min(2 * pause_, kLongestPause);
  }
  current_ = depth;
  won_ = since_ = 0;
  judged_ = 0;
  look_ = kFirstPause;
  before_.clear();
  stage_ = Stage::steady;
}

}  // namespace sluice::runtime
