#include "hub/part_file.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::hub {
namespace {

TEST(Spans, AgreeWithABitPerByte) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<bool> there(200);
    Spans spans;
    for (int i = 0; i < round % 20; ++i) {
      const uint64_t start = random() % 200, length = random() % (200 - start + 1) / (1 + random() % 8);
      spans.add({start, length});
      std::fill_n(there.begin() + static_cast<long>(start), length, true);
    }
    EXPECT_EQ(spans.total(), static_cast<uint64_t>(std::count(there.begin(), there.end(), true)));
    for (const Span& gap : spans.missing(200, 7)) {
      ASSERT_TRUE(gap.length > 0 && gap.length <= 7);
      for (uint64_t i = gap.start; i < gap.start + gap.length; ++i) {
        EXPECT_FALSE(there[i]) << i;
        there[i] = true;
      }
    }
    EXPECT_EQ(std::count(there.begin(), there.end(), false), 0);
  }
}

TEST(Journal, KeepsWhatIsWholeAndInside) {
  RemoteFile file;
  file.size = 100;
  file.digest = "abc";
  EXPECT_FALSE(parse_journal("", file));
  EXPECT_FALSE(parse_journal("sluice pull 1 101 abc\n0 10\n", file));
  EXPECT_FALSE(parse_journal("sluice pull 1 100 abd\n0 10\n", file));
  EXPECT_EQ(parse_journal("sluice pull 1 100 abc\n", file)->total(), 0u);
  EXPECT_EQ(parse_journal("sluice pull 1 100 abc\n0 10\n20 10\n5 10\n", file)->total(), 25u);
  for (const char* bad : {"0 101\n", "101 0\n", "99 18446744073709551615\n", "0\n", "0 10", "x 1\n", "0 1 \n", "-1 1\n",
                          "0  1\n", "\n"}) {
    EXPECT_EQ(parse_journal(std::string("sluice pull 1 100 abc\n") + bad, file)->total(), 0u) << bad;
  }
}

}  // namespace
}  // namespace sluice::hub
