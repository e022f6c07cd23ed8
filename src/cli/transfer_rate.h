// How fast something comes just now, and how long the rest takes.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

namespace sluice::cli {

class TransferRate {
 public:
  // "12.3 GB of 219 GB (6 %), 604 MB/s, 5 min 42 s left". `moved`: bytes that came since the beginning of this run.
  std::string line(uint64_t done, uint64_t total, uint64_t moved);

 private:
  using Clock = std::chrono::steady_clock;
  struct Sample {
    Clock::time_point at;
    uint64_t moved;
  };
  std::deque<Sample> samples_;  // of the last seconds
};

}  // namespace sluice::cli
