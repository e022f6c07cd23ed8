// How far a long copy is: one line on standard error that is drawn over, and nothing where that is no terminal.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::cli {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();  // takes the line away
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(uint64_t done, uint64_t total);  // bytes

 private:
  using Clock = std::chrono::steady_clock;

  bool shown_, drawn_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

}  // namespace sluice::cli
