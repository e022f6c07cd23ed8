// Holds back text that may be the beginning of a stop string, so that none of it ever reaches the caller.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::runtime {

class StopText {
 public:
  // Empty stop strings are left out.
  explicit StopText(std::vector<std::string> stops);

  // Text in, text that is certainly not part of a stop string out. After a stop string was found: nothing more.
  std::string push(std::string_view text);
  // The end of the stream: what was held back.
  std::string finish();
  bool stopped() const { return stopped_; }
  // The one that was found; of several at one place the first given.
  const std::string& found() const { return found_; }

 private:
  std::vector<std::string> stops_;
  std::string held_, found_;
  bool stopped_ = false;
};

}  // namespace sluice::runtime
