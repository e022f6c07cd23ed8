// How fast decoding is at this moment, from samples about half a second apart.
#pragma once

#include <chrono>

#include "runtime/expert_store.h"

namespace sluice::runtime {

// One thread.
class LiveRates {
 public:
  // A new stretch of work: what passed since the last one does not count as its time.
  void begin(const ExpertCounters& now) {
    last_ = now;
    tokens_ = 0;
    from_ = Clock::now();
  }
  void token() { ++tokens_; }
  bool due() const { return Clock::now() - from_ >= std::chrono::milliseconds(500); }

  void sample(const ExpertCounters& now, bool decoding) {
    const double seconds = std::chrono::duration<double>(Clock::now() - from_).count();
    const auto hits = static_cast<double>(now.hits - last_.hits);
    const double uses = hits + static_cast<double>(now.misses - last_.misses + now.foreseen - last_.foreseen);
    const double busy = now.reading_s - last_.reading_s;
    if (decoding && tokens_ > 1 && seconds > 0) tok_s_ = tokens_ / seconds;
    if (uses > 0) hit_rate_ = hits / uses;
    ssd_gb_s_ = busy > 0 ? static_cast<double>(now.bytes_read - last_.bytes_read) / busy / 1e9 : 0;
    begin(now);
  }

  double tok_s() const { return tok_s_; }
  double hit_rate() const { return hit_rate_; }
  double ssd_gb_s() const { return ssd_gb_s_; }

 private:
  using Clock = std::chrono::steady_clock;
  ExpertCounters last_;
  double tokens_ = 0, tok_s_ = 0, hit_rate_ = 0, ssd_gb_s_ = 0;
  Clock::time_point from_ = Clock::now();
};

}  // namespace sluice::runtime
