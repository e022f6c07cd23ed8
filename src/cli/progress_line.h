// A line on a terminal that is rewritten in place; elsewhere nothing. The line is gone when the object is.
#pragma once

#include <string>
#include <string_view>

namespace sluice::cli {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::string_view what, double share);  // "loading the model  42 %"
  void clear();

 private:
  bool terminal_;
  std::string shown_;
};

}  // namespace sluice::cli
