#include "runtime/stop_text.h"

#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

// Pushes `text` in pieces of `size` bytes and joins what comes out.
std::string through(std::vector<std::string> stops, const std::string& text, size_t size, bool* stopped) {
  StopText stop(std::move(stops));
  std::string out;
  for (size_t at = 0; at < text.size(); at += size) out += stop.push(text.substr(at, size));
  out += stop.finish();
  *stopped = stop.stopped();
  return out;
}

TEST(StopText, EndsBeforeTheFirstStopStringHoweverTheTextIsCut) {
  for (size_t size = 1; size < 12; ++size) {
    bool stopped = false;
    EXPECT_EQ(through({"\nUser:", "END"}, "one\ntwo\nUser: three END", size, &stopped), "one\ntwo");
    EXPECT_TRUE(stopped);
    EXPECT_EQ(through({"aab"}, "aaaab rest", size, &stopped), "aa");
    EXPECT_TRUE(stopped);
    EXPECT_EQ(through({"aab", ""}, "aaaa", size, &stopped), "aaaa");
    EXPECT_FALSE(stopped);
  }
}

TEST(StopText, HoldsBackOnlyWhatMayBeAStop) {
  StopText stop({"stop"});
  EXPECT_EQ(stop.push("go st"), "go ");
  EXPECT_EQ(stop.push("ay st"), "stay ");
  EXPECT_EQ(stop.finish(), "st");
}

TEST(StopText, SaysNothingAfterAStop) {
  StopText stop({"x"});
  EXPECT_EQ(stop.push("abx"), "ab");
  EXPECT_EQ(stop.push("more"), "");
  EXPECT_EQ(stop.finish(), "");
}

}  // namespace
}  // namespace sluice::runtime
