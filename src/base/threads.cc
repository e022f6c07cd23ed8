#include "base/threads.h"

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/check.h"
#include "base/clock.h"
#include "base/cores.h"
#include "base/machine.h"

namespace sluice {
namespace {

// How long to spin before sleeping. At least longer than the gaps between the regions of a layer, short enough to leave
// the core to others while a read is waited for; at most what a sampler takes between two tokens. A sleeper costs its
// waker 7 to 40 us in a virtual machine, and comes 100 us late (docs/lab/2026-11-24-threads.md).
constexpr double kLeastSpin = 25e-6, kMostSpin = 250e-6, kCallersSpin = 50e-6;
constexpr int kPausesPerLook = 64;  // at the clock

// A thread takes a third of what is left of a share, but no less than an eighth of a whole share: large pieces first, since
// memory reads far ahead, small ones last, since they even out cores of unequal speed.
constexpr uint64_t kPartOfRest = 3, kPartOfShare = 8;

// Fields of the 64-bit words.
constexpr uint64_t kField = 0xfff;
constexpr int64_t kMostUnits = kField;
constexpr uint64_t epoch_of(uint64_t word) { return word >> 24; }
constexpr uint64_t high_of(uint64_t word) { return word >> 12 & kField; }
constexpr uint64_t low_of(uint64_t word) { return word & kField; }
constexpr uint64_t make_word(uint64_t epoch, uint64_t high, uint64_t low) { return epoch << 24 | high << 12 | low; }

// Whether epoch a came before b; they wrap at 2^40.
bool before(uint64_t a, uint64_t b) { return static_cast<int64_t>((a - b) << 24) < 0; }

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

using Clock = std::chrono::steady_clock;


// Spins until holds() or so many seconds are over; whether it holds. `start`: about when the spinning began, set only
// where that took long enough for a look at the clock.
template <class Condition>
bool spin_until(const Condition& holds, double seconds, Clock::time_point& start) {
  for (bool first = true;; first = false) {
    for (int i = 0; i < kPausesPerLook; ++i) {
      if (holds()) return true;
      relax();
    }
    if (first) start = Clock::now();
    if (seconds_since(start) >= seconds) return false;
  }
}

}  // namespace

ThreadPool::ThreadPool(int threads, std::span<const int32_t> cores) {
  SLUICE_CHECK(threads <= 1024 && (cores.empty() || cores.size() == static_cast<size_t>(threads)));
  // More threads than cores take turns: whoever spins keeps the core from one who works.
  spins_ = threads <= cpu_count();
  shares_ = std::make_unique<Share[]>(static_cast<size_t>(std::max(threads, 1)));
  const std::vector<int32_t> pins(cores.begin(), cores.end());
  workers_.reserve(static_cast<size_t>(std::max(threads - 1, 0)));
  for (int t = 1; t < threads; ++t) {
    try {
      workers_.emplace_back([this, t, pins] {
        if (!pins.empty()) keep_on({&pins[static_cast<size_t>(t)], 1});
        work(t);
      });
    } catch (const std::system_error&) {
      break;  // those that started are enough to work with
    }
  }
  if (cores.empty()) return;
  callers_cpus_ = allowed_cpus();
  keep_on(cores.first(1));
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  start(make_word(epoch_of(word_.load(std::memory_order_relaxed)) + 1, 0, kField));
  for (std::thread& w : workers_) w.join();
  if (!callers_cpus_.empty()) keep_on(callers_cpus_);
}

void ThreadPool::run(std::span<const Work> works) {
  size_t count = 0;
  int64_t all = done_.load(std::memory_order_relaxed);
  bool shared = false;
  for (const Work& w : works) {
    if (w.n <= 0) continue;
    const int64_t grains = (w.n + w.grain - 1) / w.grain;
    const int64_t unit = (grains + kMostUnits - 1) / kMostUnits * w.grain, units = (w.n + unit - 1) / unit;
    all += units;
    shared |= units > 1;
    if (count > 0) parts_[count - 1].last = false;
    parts_[count++] = {w.body, w.fn, w.n, unit, units, all, true};
  }
  if (!shared || workers_.empty()) {
    for (size_t i = 0; i < count; ++i) parts_[i].body(parts_[i].fn, 0, parts_[i].n, 0);
    return;
  }
  const uint64_t epoch = epoch_of(word_.load(std::memory_order_relaxed)) + 1;
  uint64_t seen = make_word(epoch, 0, static_cast<uint64_t>(parts_[0].units));
  start(seen);
  for (;;) {
    help(seen, 0);
    const auto changed = [&] {
      return done_.load(std::memory_order_seq_cst) == all || word_.load(std::memory_order_seq_cst) != seen;
    };
    Clock::time_point start;
    if (!spin_until(changed, spins_ ? kCallersSpin : 0, start)) callers_bell_.sleep_until(changed);
    if (done_.load(std::memory_order_acquire) == all) return;
    seen = word_.load(std::memory_order_acquire);
  }
}

// Two sleepers are woken by whoever starts a part, and two by each of those: waking one takes microseconds.
void ThreadPool::start(uint64_t word) {
  word_.store(word, std::memory_order_seq_cst);
  if (low_of(word) > 1) workers_bell_.ring(2);
}

// Runs pieces of the part that `word` tells of until none is left: the thread's own first, then others'.
void ThreadPool::help(uint64_t word, int thread) {
  for (int i = 0; i < size(); ++i) {
    if (i > 0 && word_.load(std::memory_order_relaxed) != word) return;
    const int owner = thread + i < size() ? thread + i : thread + i - size();
    int64_t done = 0;
    for (Units units; take(owner, owner == thread, word, units); done += units.end - units.begin) {
      const Part& part = parts_[high_of(word)];
      part.body(part.fn, units.begin * part.unit, std::min(units.end * part.unit, part.n), thread);
    }
    // Not one by one: who waits for these has to wait for the last of them anyway.
    if (done > 0) report(done, word);
  }
}

// The next piece of a share, from the front for its owner, from the end for others; false when none is left. Until it
// returns true the part may be over and parts_ tell of another: only `word` and the share may be looked at.
bool ThreadPool::take(int owner, bool own, uint64_t word, Units& units) {
  const auto threads = static_cast<uint64_t>(size());
  const uint64_t epoch = epoch_of(word), all = low_of(word);
  const uint64_t least = std::max<uint64_t>(all / threads / kPartOfShare, 1);
  std::atomic<uint64_t>& share = shares_[static_cast<size_t>(owner)].word;
  uint64_t left = share.load(std::memory_order_acquire);
  for (;;) {
    uint64_t next = low_of(left), end = high_of(left);
    if (epoch_of(left) != epoch) {
      if (!before(epoch_of(left), epoch)) return false;
      next = all * static_cast<uint64_t>(owner) / threads;
      end = all * static_cast<uint64_t>(owner + 1) / threads;
    }
    if (next == end) return false;
    const uint64_t count = std::min(std::max(least, (end - next) / kPartOfRest), end - next);
    own ? next += count : end -= count;
    if (share.compare_exchange_weak(left, make_word(epoch, end, next), std::memory_order_acq_rel,
                                    std::memory_order_acquire)) {
      const uint64_t first = own ? next - count : end;
      units = {static_cast<int64_t>(first), static_cast<int64_t>(first + count)};
      return true;
    }
  }
}

// Pieces are done; whoever reports the last of a part starts the next one. After the last report of all, the caller may
// go on and change parts_.
void ThreadPool::report(int64_t units, uint64_t word) {
  const size_t at = high_of(word);
  const bool last = parts_[at].last;
  const int64_t until = parts_[at].until;
  const uint64_t next = last ? 0 : make_word(epoch_of(word) + 1, at + 1, static_cast<uint64_t>(parts_[at + 1].units));
  if (done_.fetch_add(units, std::memory_order_seq_cst) + units != until) return;
  if (!last) start(next);
  callers_bell_.ring(1);
}

// A worker spins as long as would have done the last time it slept, and not long where that would not have done.
void ThreadPool::work(int thread) {
  double spin = kLeastSpin;
  for (uint64_t seen = 0;;) {
    const auto changed = [&] { return word_.load(std::memory_order_seq_cst) != seen; };
    Clock::time_point start;
    if (!spin_until(changed, spins_ ? spin : 0, start)) {
      workers_bell_.sleep_until(changed);
      workers_bell_.ring(2);
      spin = seconds_since(start) < kMostSpin ? kMostSpin : kLeastSpin;
    }
    seen = word_.load(std::memory_order_acquire);
    // Asked after the word is read: the destructor's word tells of no work.
    if (stop_.load(std::memory_order_relaxed)) return;
    help(seen, thread);
  }
}

}  // namespace sluice
