// Faults, order and shutdown, which need a disk that does what the test says.
#include "io/pread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <thread>

#include "io/fake.h"
#include "io/faulty.h"
#include "io/progress.h"
#include "io/test_file.h"

namespace sluice::io {
namespace {

using ::testing::ElementsAre;

constexpr uint64_t kFileBytes = 1 << 16;

using Rules = std::vector<FaultRule>;

// One request against the given faults.
struct Trial {
  explicit Trial(Rules rules, int32_t threads = 1)
      : file(disk.add("model.gguf", pattern(kFileBytes))),
        faulty(disk.reader(), std::move(rules)),
        queue(make_pread_pool({.capacity = 256, .threads = threads, .reader = faulty.reader()}).value()) {}

  Completion read(uint64_t offset, uint64_t bytes) {
    buffer.assign(bytes, std::byte{0});
    request = {.file = file, .offset = offset, .dst = buffer.data(), .bytes = bytes, .tag = 7};
    queue->submit({&request, 1});
    Completion done;
    EXPECT_EQ(queue->wait({&done, 1}), 1u);
    EXPECT_EQ(done.tag, 7u);
    EXPECT_TRUE(is_pattern(std::span(buffer).first(done.bytes_done), offset));
    return done;
  }

  FakeDisk disk;
  const File* file;
  FaultyReader faulty;
  std::unique_ptr<Queue> queue;
  std::vector<std::byte> buffer;
  Request request;
};

TEST(PreadPool, ShortReadsGoOnWhereTheyStopped) {
  Trial t(Rules{{.fault = Fault::short_read, .bytes = 1000}});
  EXPECT_TRUE(t.read(500, 10'500).ok());
  EXPECT_EQ(t.faulty.struck(0), 11u);
  EXPECT_EQ(t.queue->counters().retries, 10u);
  EXPECT_EQ(t.queue->counters().bytes, 10'500u);
}

// Reads from the disk that has the file.
struct TwoDisks {
  static int64_t read(void* self, const File& file, uint64_t offset, std::span<std::byte> out) {
    auto& disks = *static_cast<TwoDisks*>(self);
    const Reader reader = (&file == disks.slow_file ? disks.slow : disks.fast).reader();
    return reader.read(reader.self, file, offset, out);
  }

  FakeDisk slow, fast;
  const File* slow_file = slow.add("a/model.gguf", pattern(kFileBytes));
  const File* fast_file = fast.add("b/model.gguf", pattern(kFileBytes));
};

TEST(PreadPool, ADriveThatHangsHoldsUpNoOther) {
  constexpr uint64_t kReads = 30;
  TwoDisks disks;
  disks.slow.hold();
  const auto queue =
      make_pread_pool({.capacity = 99, .drives = 2, .threads = 2, .reader = {TwoDisks::read, &disks}}).value();
  std::vector<std::byte> bytes(kFileBytes);
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 2 * kReads; ++i) {
    const bool slow = i < kReads;
    requests.push_back({.file = slow ? disks.slow_file : disks.fast_file,
                        .offset = i * 1000,
                        .dst = &bytes[i * 1000],
                        .bytes = 1000,
                        .tag = i,
                        .drive = static_cast<uint16_t>(slow ? 0 : 1)});
  }
  queue->submit(requests);
  uint64_t ended = 0;
  Completion done[7];
  while (ended < kReads) {
    for (size_t k = 0, n = queue->wait(done); k < n; ++k, ++ended) ASSERT_GE(done[k].tag, kReads);
  }
  EXPECT_EQ(queue->in_flight(), kReads);
  disks.slow.open_gate();
  while (ended < 2 * kReads) ended += queue->wait(done);
  EXPECT_TRUE(is_pattern(std::span(bytes).first(2 * kReads * 1000), 0));
}

TEST(PreadPool, AnErrorThatPassesIsRetriedAndCounted) {
  Trial t(Rules{{.times = Progress::kErrorRetries}});
  EXPECT_TRUE(t.read(0, 4096).ok());
  EXPECT_EQ(t.queue->counters().retries, 2u);
  EXPECT_EQ(t.queue->counters().failures, 0u);
}

TEST(PreadPool, AnErrorThatStaysEndsTheRequestOnly) {
  Trial t(Rules{{.begin = 8192, .end = 12288}});
  const Completion done = t.read(8192, 4096);
  EXPECT_EQ(done.outcome, Outcome::failed);
  EXPECT_EQ(done.error, EIO);
  EXPECT_EQ(t.faulty.struck(0), 3u);
  EXPECT_EQ(t.queue->counters().retries, 2u);
  EXPECT_EQ(t.queue->counters().failures, 1u);
  EXPECT_EQ(describe(t.request, done).message,
            "model.gguf: read of 4096 bytes at offset 8192 failed: Input/output error");
  EXPECT_EQ(describe(t.request, done).code, Code::io);
  EXPECT_TRUE(t.read(0, 4096).ok());
}

TEST(PreadPool, AnErrorMidwayTellsHowFarItCame) {
  Trial t(Rules{{.fault = Fault::short_read, .end = 1, .bytes = 4096}, {.begin = 4096, .error = ENXIO}});
  const Completion done = t.read(0, 8192);
  EXPECT_EQ(done.bytes_done, 4096u);
  EXPECT_EQ(describe(t.request, done).message,
            "model.gguf: read of 8192 bytes at offset 0 failed after 4096 bytes: No such device or address");
}

TEST(PreadPool, AnInterruptStormPasses) {
  Trial t(Rules{{.times = 1000, .error = EINTR}});
  EXPECT_TRUE(t.read(0, 4096).ok());
  EXPECT_EQ(t.queue->counters().retries, 1000u);
}

TEST(PreadPool, AFileThatEndsEarlyIsAShortRead) {
  Trial t(Rules{{.fault = Fault::end_of_file, .bytes = 10'000}});
  const Completion done = t.read(8000, 4096);
  EXPECT_EQ(done.outcome, Outcome::end_of_file);
  EXPECT_EQ(done.bytes_done, 2000u);
  EXPECT_EQ(describe(t.request, done).message,
            "model.gguf: offset 8000: short read, 2000 of 4096 bytes; the file shrank or is incomplete");
  EXPECT_EQ(t.read(20'000, 10).bytes_done, 0u);
  EXPECT_TRUE(t.read(0, 10'000).ok());
}

TEST(PreadPool, ATruncatedFakeFileIsAShortReadToo) {
  Trial t(Rules{});
  t.disk.truncate(t.file, 5000);
  EXPECT_EQ(t.read(4096, 4096).bytes_done, 904u);
}

TEST(PreadPool, AFileOfNoDiskIsAnError) {
  Trial t(Rules{});
  const File stranger = File::unopened("stranger", 100);
  t.file = &stranger;
  EXPECT_EQ(t.read(0, 10).error, EBADF);
}

TEST(PreadPool, NothingToReadEndsOkWithoutARead) {
  Trial t(Rules{{}});
  EXPECT_TRUE(t.read(0, 0).ok());
  EXPECT_EQ(t.faulty.struck(0), 0u);
  EXPECT_EQ(t.queue->counters().requests, 1u);
}

TEST(PreadPool, EveryFaultAtOnceNeverBringsWrongBytes) {
  using std::chrono::microseconds;
  Trial t(Rules{{.fault = Fault::delay, .every = 50, .delay = microseconds(200)},
                {.every = 5, .error = EINTR},
                {.every = 7},
                {.fault = Fault::end_of_file, .begin = 60'000, .bytes = 60'100},
                {.fault = Fault::short_read, .every = 2, .bytes = 777}},
          4);
  uint64_t failed = 0, ok = 0;
  std::vector<std::vector<std::byte>> buffers(256, std::vector<std::byte>(5000));
  for (int round = 0; round < 20; ++round) {
    std::vector<Request> requests;
    for (uint64_t i = 0; i < 256; ++i) {
      const uint64_t offset = (i * 7919 + static_cast<uint64_t>(round) * 104'729) % (kFileBytes - 5000);
      requests.push_back({.file = t.file, .offset = offset, .dst = buffers[i].data(), .bytes = 5000, .tag = i});
    }
    t.queue->submit(requests);
    while (t.queue->in_flight() > 0) {
      Completion done[32];
      for (size_t k = 0, n = t.queue->wait(done); k < n; ++k) {
        const Request& r = requests[done[k].tag];
        ASSERT_TRUE(is_pattern({r.dst, done[k].bytes_done}, r.offset));
        ASSERT_EQ(done[k].ok(), done[k].bytes_done == r.bytes);
        ++(done[k].ok() ? ok : failed);
      }
    }
  }
  EXPECT_GT(ok, 0u);
  EXPECT_GT(failed, 0u);
  EXPECT_EQ(ok + failed, 20u * 256u);
  EXPECT_EQ(t.queue->counters().failures, failed);
  for (size_t i = 0; i < 5; ++i) EXPECT_GT(t.faulty.struck(i), 0u) << i;
}

TEST(PreadPool, DemandGoesFirstThenInOrderOfSubmission) {
  Trial t(Rules{});
  std::byte bytes[8];
  const auto submit = [&](uint64_t offset, Priority priority) {
    const Request r{
        .file = t.file, .offset = offset, .dst = &bytes[offset], .bytes = 1, .tag = offset, .priority = priority};
    t.queue->submit({&r, 1});
  };
  t.disk.hold();
  submit(0, Priority::speculative);
  t.disk.wait_for_held(1);
  submit(1, Priority::speculative);
  submit(2, Priority::demand);
  submit(3, Priority::speculative);
  submit(4, Priority::demand);
  Completion done[8];
  EXPECT_EQ(t.queue->poll(done), 0u);
  EXPECT_EQ(t.queue->in_flight(), 5u);
  t.disk.open_gate();
  std::vector<uint64_t> tags;
  while (t.queue->in_flight() > 0) {
    for (size_t k = 0, n = t.queue->wait(done); k < n; ++k) tags.push_back(done[k].tag);
  }
  EXPECT_THAT(tags, ElementsAre(0, 2, 4, 1, 3));
  EXPECT_EQ(t.disk.calls().size(), 5u);
}

TEST(PreadPool, AFullQueueDestroyedWhileAReadIsHeldDropsTheRest) {
  Trial t(Rules{});
  std::vector<std::byte> bytes(t.queue->capacity());
  std::vector<Request> requests;
  for (uint64_t i = 0; i < bytes.size(); ++i) {
    requests.push_back({.file = t.file, .offset = i, .dst = &bytes[i], .bytes = 1, .tag = i});
  }
  t.disk.hold();
  t.queue->submit(requests);
  t.disk.wait_for_held(1);
  std::atomic<bool> destroyed = false;
  std::thread destroyer([&] {
    t.queue.reset();
    destroyed = true;
  });
  // Reads trickle, so that the destructor has its chance however slow this machine is.
  while (!destroyed) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    t.disk.let_through(1);
  }
  destroyer.join();
  EXPECT_LT(t.disk.calls().size(), requests.size());
}

TEST(PreadPool, AnEndlessInterruptDoesNotHoldUpTheEnd) {
  std::byte b;
  Trial t(Rules{{.error = EINTR}});
  const Request r{.file = t.file, .offset = 0, .dst = &b, .bytes = 1};
  t.queue->submit({&r, 1});
  while (t.faulty.struck(0) == 0) std::this_thread::yield();
}

TEST(PreadPoolDeathTest, MoreThanTheCapacityIsOurOwnMistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Trial t(Rules{});
  std::vector<Request> requests(t.queue->capacity() + 1, {.file = t.file});
  EXPECT_DEATH(t.queue->submit(requests), "capacity_");
  Completion done;
  EXPECT_DEATH(t.queue->wait({&done, 1}), "in_flight_");
}

TEST(PreadPool, RefusesNoThreads) {
  EXPECT_EQ(make_pread_pool({.threads = 0}).error().code, Code::invalid);
  EXPECT_EQ(make_pread_pool({.drives = 8, .threads = 33}).error().code, Code::invalid);
}

}  // namespace
}  // namespace sluice::io
