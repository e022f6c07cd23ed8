// What every row of the table of backends must do, on real files.
#include "io/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <random>
#include <thread>

#include "io/test_file.h"

namespace sluice::io {

// Names a parameter in test listings.
inline void PrintTo(const Backend& row, std::ostream* out) {
  *out << row.name;
}
namespace {

using ::testing::HasSubstr;

class BackendTest : public ::testing::TestWithParam<Backend> {
 protected:
  // nullptr, and the test skipped loudly, where the system has no such backend.
  std::unique_ptr<Queue> make(const QueueOptions& options) {
    auto queue = GetParam().make(options);
    if (queue.ok()) return std::move(queue).value();
    EXPECT_EQ(queue.error().code, Code::unsupported) << queue.error().message;
    return nullptr;
  }
};

#define MAKE_OR_SKIP(queue, ...)                          \
  const std::unique_ptr<Queue> queue = make(__VA_ARGS__); \
  if (queue == nullptr) GTEST_SKIP() << GetParam().name << " is not supported here"

TEST_P(BackendTest, RandomConcurrentReadsBringTheRightBytes) {
  constexpr uint64_t kFileBytes = 3'000'001;
  const TestFile on_disk(kFileBytes);
  const File file = File::open(on_disk.path()).value();
  MAKE_OR_SKIP(queue, {.capacity = 64, .drives = 3});
  std::mt19937_64 random(1);
  std::vector<std::vector<std::byte>> buffers(queue->capacity(), std::vector<std::byte>(50'000));
  std::vector<Request> requests(queue->capacity());
  std::vector<size_t> idle(queue->capacity());
  for (size_t i = 0; i < idle.size(); ++i) idle[i] = i;
  uint64_t submitted = 0, bytes = 0, ended = 0;
  while (ended < 5000) {
    std::vector<Request> batch;
    while (!idle.empty() && submitted < 5000 && batch.size() < 1 + random() % 16) {
      const size_t i = idle.back();
      idle.pop_back();
      const uint64_t offset = random() % kFileBytes;
      const uint64_t n = std::min(random() % (buffers[i].size() + 1), kFileBytes - offset);
      const Priority priority = random() % 2 == 0 ? Priority::demand : Priority::speculative;
      requests[i] = {.file = &file,
                     .offset = offset,
                     .dst = buffers[i].data(),
                     .bytes = n,
                     .tag = i,
                     .priority = priority,
                     .drive = static_cast<uint16_t>(random() % 3)};
      batch.push_back(requests[i]);
      ++submitted;
      bytes += n;
    }
    queue->submit(batch);
    Completion done[7];
    for (size_t k = 0, n = queue->wait(done); k < n; ++k) {
      const Request& r = requests.at(done[k].tag);
      ASSERT_TRUE(status(r, done[k]).ok());
      ASSERT_EQ(done[k].bytes_done, r.bytes);
      ASSERT_TRUE(is_pattern({r.dst, r.bytes}, r.offset));
      idle.push_back(done[k].tag);
      ++ended;
    }
  }
  EXPECT_EQ(queue->in_flight(), 0u);
  EXPECT_EQ(queue->counters().requests, 5000u);
  EXPECT_EQ(queue->counters().bytes, bytes);
  EXPECT_EQ(queue->counters().failures, 0u);
}

TEST_P(BackendTest, NoCompletionIsLostWithASubmitterOfItsOwn) {
  constexpr uint64_t kRequests = 100'000;
  const TestFile on_disk(4096);
  const File file = File::open(on_disk.path()).value();
  MAKE_OR_SKIP(queue, {.capacity = 128});
  std::vector<std::byte> bytes(kRequests);
  std::thread submitter([&] {
    for (uint64_t tag = 0; tag < kRequests;) {
      if (queue->in_flight() == queue->capacity()) {
        std::this_thread::yield();
        continue;
      }
      const Request r{.file = &file, .offset = tag % 4096, .dst = &bytes[tag], .bytes = 1, .tag = tag};
      queue->submit({&r, 1});
      ++tag;
    }
  });
  std::vector<int> seen(kRequests, 0);
  uint64_t ended = 0;
  while (ended < kRequests) {
    if (queue->in_flight() == 0) {
      std::this_thread::yield();
      continue;
    }
    Completion done[16];
    const size_t n = ended % 3 == 0 ? queue->poll(done) : queue->wait(done);
    for (size_t k = 0; k < n; ++k) seen[done[k].tag] += done[k].ok() ? 1 : 100;
    ended += n;
  }
  submitter.join();
  EXPECT_EQ(queue->in_flight(), 0u);
  EXPECT_THAT(seen, ::testing::Each(1));
  for (uint64_t i = 0; i < kRequests; ++i) ASSERT_EQ(bytes[i], byte_at(i % 4096)) << i;
}

TEST_P(BackendTest, AShrinkingFileIsAnErrorWithOffsetAndCountsNeverWrongBytes) {
  constexpr uint64_t kBytes = 4 << 20, kCut = 1 << 20, kRead = 300'000;
  const TestFile on_disk(kBytes);
  const File file = File::open(on_disk.path()).value();
  MAKE_OR_SKIP(queue, {.capacity = 16});
  std::vector<std::vector<std::byte>> buffers(queue->capacity(), std::vector<std::byte>(kRead));
  std::mt19937_64 random(2);
  uint64_t failures = 0;
  for (int round = 0; round < 40; ++round) {
    // Cut while reads fly, at a page boundary: within the last page Linux itself may race to zeros (pack checksums).
    std::vector<Request> requests;
    for (size_t i = 0; i < buffers.size(); ++i) {
      std::fill(buffers[i].begin(), buffers[i].end(), std::byte{0});
      const uint64_t offset = random() % (kBytes - kRead);
      requests.push_back({.file = &file, .offset = offset, .dst = buffers[i].data(), .bytes = kRead, .tag = i});
    }
    queue->submit(requests);
    if (round == 20) {
      ASSERT_EQ(::truncate(on_disk.path().c_str(), kCut), 0);
    }
    while (queue->in_flight() > 0) {
      Completion done[16];
      for (size_t k = 0, n = queue->wait(done); k < n; ++k) {
        const Request& r = requests.at(done[k].tag);
        ASSERT_TRUE(is_pattern({r.dst, done[k].bytes_done}, r.offset));
        ASSERT_EQ(done[k].ok(), done[k].bytes_done == kRead);
        if (round > 20) {
          ASSERT_EQ(done[k].bytes_done, r.offset > kCut ? 0 : std::min(kRead, kCut - r.offset));
        }
        if (done[k].ok()) continue;
        ++failures;
        EXPECT_EQ(describe(r, done[k]).code, Code::io);
        EXPECT_EQ(describe(r, done[k]).message, on_disk.path() + ": offset " + std::to_string(r.offset) +
                                                    ": short read, " + std::to_string(done[k].bytes_done) +
                                                    " of 300000 bytes; the file shrank or is incomplete");
      }
    }
    ASSERT_TRUE(round >= 20 || failures == 0);
  }
  EXPECT_GT(failures, 0u);
  EXPECT_EQ(queue->counters().failures, failures);
}

TEST_P(BackendTest, DestroyedWithRequestsInFlight) {
  const TestFile on_disk(1 << 20);
  const File file = File::open(on_disk.path()).value();
  for (int round = 0; round < 50; ++round) {
    std::vector<std::byte> bytes(1 << 20);
    MAKE_OR_SKIP(queue, {.capacity = 256});
    for (uint64_t i = 0; i < 16; ++i) {
      const Request r{.file = &file, .offset = i << 16, .dst = &bytes[i << 16], .bytes = 1 << 16, .tag = i};
      queue->submit({&r, 1});
    }
  }
}

TEST_P(BackendTest, RefusesSenselessOptions) {
  EXPECT_FALSE(GetParam().make({.capacity = 0}).ok());
  EXPECT_FALSE(GetParam().make({.capacity = size_t{1} << 40}).ok());
}

TEST_P(BackendTest, RefusesSenselessDrives) {
  MAKE_OR_SKIP(queue, {.drives = kMostDrives});
  for (const int32_t drives : {0, -1, kMostDrives + 1}) {
    EXPECT_EQ(GetParam().make({.drives = drives}).error().code, Code::invalid) << drives;
  }
}

INSTANTIATE_TEST_SUITE_P(Every, BackendTest, ::testing::ValuesIn(backends().begin(), backends().end()),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(MakeQueue, ByNameByDefaultAndUnknown) {
  for (const Backend& backend : backends()) {
    const auto queue = make_queue(backend.name, {});
    EXPECT_TRUE(queue.ok() || queue.error().code == Code::unsupported);
  }
  EXPECT_TRUE(make_queue("", {}).ok());
  const auto unknown = make_queue("floppy", {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::invalid);
  EXPECT_THAT(unknown.error().message, HasSubstr("pread"));
}

}  // namespace
}  // namespace sluice::io
