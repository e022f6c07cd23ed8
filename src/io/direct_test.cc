// Direct reads bring the bytes that buffered ones bring, at any offset and size, on every backend.
#include "io/direct.h"

#include <gtest/gtest.h>

#include <ostream>
#include <random>

#include "base/arena.h"
#include "io/backend.h"
#include "io/fake.h"
#include "io/faulty.h"
#include "io/progress.h"
#include "io/test_file.h"

namespace sluice::io {

// Names a parameter in test listings.
inline void PrintTo(const Backend& row, std::ostream* out) {
  *out << row.name;
}
namespace {

constexpr uint64_t kFileBytes = 3'000'001;  // the last block is not whole

TEST(DirectSpan, CoversTheRequestInWholeBlocks) {
  for (const uint64_t align : {1u, 512u, 4096u}) {
    for (const uint64_t offset : {0u, 1u, 31u, 511u, 512u, 4095u, 4096u, 10'001u}) {
      for (const uint64_t bytes : {1u, 2u, 511u, 512u, 4096u, 8193u}) {
        const DirectSpan s = direct_span(offset, bytes, align);
        EXPECT_EQ(s.begin % align, 0u);
        EXPECT_EQ(s.bytes % align, 0u);
        EXPECT_EQ(s.begin + s.head, offset);
        EXPECT_LT(s.head, align);
        EXPECT_GE(s.end(), offset + bytes);
        EXPECT_LT(s.end() - offset - bytes, align);
        EXPECT_LE(s.bytes, direct_room(bytes, align));
        EXPECT_EQ(direct_room(bytes, align) % align, 0u);
      }
    }
  }
  EXPECT_EQ(direct_span(700, 0, 512).bytes, 0u);
  EXPECT_EQ(direct_room(1000, 1), 1000u);
}

class DirectTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    auto opened = File::open(on_disk_.path(), Mode::direct);
    if (!opened.ok()) GTEST_SKIP() << opened.error().message;
    file_ = std::move(opened).value();
    auto queue = GetParam().make({.capacity = 64, .piece = 64 << 10});
    if (!queue.ok()) GTEST_SKIP() << queue.error().message;
    queue_ = std::move(queue).value();
  }

  // The one request, with its room surrounded by a guard that must stay as it is.
  Completion read(uint64_t offset, uint64_t bytes) {
    const uint64_t align = file_.alignment(), room = direct_room(bytes, align);
    auto memory = Arena::map(room + 2 * align).value();
    std::fill_n(memory.data(), memory.size(), std::byte{0xa5});
    std::byte* start = memory.data() + align;
    request_ = {.file = &file_, .offset = offset, .dst = start + offset % align, .bytes = bytes};
    queue_->submit({&request_, 1});
    Completion done;
    EXPECT_EQ(queue_->wait({&done, 1}), 1u);
    EXPECT_TRUE(is_pattern({request_.dst, done.bytes_done}, offset)) << offset << " " << bytes;
    for (uint64_t i = 0; i < align; ++i) {
      EXPECT_EQ(memory.data()[i], std::byte{0xa5});
      EXPECT_EQ(start[room + i], std::byte{0xa5});
    }
    return done;
  }

  TestFile on_disk_{kFileBytes};
  File file_;
  Request request_;
  std::unique_ptr<Queue> queue_;
};

TEST_P(DirectTest, OddOffsetsAndSizes) {
  EXPECT_EQ(file_.alignment() % 4096, 0u);
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    const uint64_t offset = random() % kFileBytes;
    const uint64_t bytes = std::min(random() % 300'000, kFileBytes - offset);
    const Completion done = read(offset, bytes);
    ASSERT_TRUE(done.ok()) << describe(request_, done).message;
    ASSERT_EQ(done.bytes_done, bytes);
  }
  EXPECT_TRUE(read(0, kFileBytes).ok());
  EXPECT_TRUE(read(kFileBytes - 1, 1).ok());
  EXPECT_EQ(queue_->counters().retries, 0u);
}

TEST_P(DirectTest, PastTheEndIsAShortRead) {
  const Completion tail = read(kFileBytes - 1000, 5000);
  EXPECT_EQ(tail.outcome, Outcome::end_of_file);
  EXPECT_EQ(tail.bytes_done, 1000u);
  const Completion far = read(kFileBytes - 200'001, 400'000);
  EXPECT_EQ(far.outcome, Outcome::end_of_file);
  EXPECT_EQ(far.bytes_done, 200'001u);
  EXPECT_EQ(read(kFileBytes + 9000, 10).bytes_done, 0u);
}

TEST_P(DirectTest, AFileCutShortIsAShortReadNeverWrongBytes) {
  constexpr uint64_t kCut = 1'000'003;
  ASSERT_EQ(::truncate(on_disk_.path().c_str(), kCut), 0);
  std::mt19937_64 random(4);
  for (int i = 0; i < 100; ++i) {
    const uint64_t offset = random() % (2 * kCut), bytes = 1 + random() % 300'000;
    const Completion done = read(offset, bytes);
    ASSERT_EQ(done.bytes_done, offset > kCut ? 0 : std::min(bytes, kCut - offset));
    ASSERT_EQ(done.ok(), done.bytes_done == bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Every, DirectTest, ::testing::ValuesIn(backends().begin(), backends().end()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(DirectFile, SmallEmptyAndNoFile) {
  const TestFile empty(0);
  const auto file = File::open(empty.path(), Mode::direct);
  if (!file.ok()) GTEST_SKIP() << file.error().message;
  EXPECT_EQ(file->size(), 0u);
  EXPECT_EQ(File::open("/nowhere/at/all", Mode::direct).error().code, Code::not_found);
  EXPECT_FALSE(File::open("/tmp", Mode::direct).ok());
  EXPECT_FALSE(File::open("/proc/self/status", Mode::direct).ok());
  EXPECT_EQ(File::open(empty.path())->alignment(), 1u);
}

TEST(DirectProgress, FaultsOnTheWay) {
  FakeDisk disk;
  const File* file = disk.add("model.gguf", pattern(100'000), 512);
  FaultyReader faulty(
      disk.reader(),
      {{.fault = Fault::short_read, .every = 2, .bytes = 700}, {.every = 5}, {.every = 3, .error = EINTR}});
  const Reader reader = faulty.reader();
  auto memory = Arena::map(1 << 16).value();
  uint64_t ok = 0;
  for (uint64_t offset = 0; offset < 90'000; offset += 777) {
    Progress progress({.file = file, .offset = offset, .dst = memory.data() + offset % 512, .bytes = 9000});
    while (!progress.finished()) {
      progress.advance(reader.read(reader.self, *file, progress.offset(), progress.rest()));
    }
    ASSERT_TRUE(is_pattern({memory.data() + offset % 512, progress.bytes_done()}, offset));
    ok += progress.completion().ok() ? 1 : 0;
  }
  EXPECT_GT(ok, 0u);
  for (size_t i = 0; i < 3; ++i) EXPECT_GT(faulty.struck(i), 0u);
}

TEST(DirectDeathTest, ADestinationThatDoesNotAgreeIsOurOwnMistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const File file = File::unopened("model.gguf", 10'000, 512);
  alignas(512) static std::byte room[2048];
  EXPECT_DEATH(Progress({.file = &file, .offset = 32, .dst = room + 64, .bytes = 10}), "direct_fits");
}

}  // namespace
}  // namespace sluice::io
