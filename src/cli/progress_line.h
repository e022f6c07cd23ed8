// How far a long wait is: one line on standard error that is drawn over, once a second has passed; nothing where that is
// no terminal. The line is gone when the object is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::cli {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::string line);
  void show(std::string_view what, double share);   // "loading the model  42 %"
  void show_copy(uint64_t done, uint64_t total);    // bytes: "1.20 GB of 19.6 GB (6 %), 604 MB/s"
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool due();

  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  std::string shown_;
};

}  // namespace sluice::cli
