// What only this backend does: pieces, registered memory, errors that come from the kernel itself. Built where it is.
#ifdef SLUICE_HAVE_URING
#include "io/uring.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/arena.h"
#include "io/backend.h"
#include "io/direct.h"
#include "io/drives.h"
#include "io/fake.h"
#include "io/progress.h"
#include "io/test_file.h"
#include "support/temp_folder.h"

namespace sluice::io {
namespace {

constexpr uint64_t kFileBytes = 5'000'000;

class UringTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto probe = make_uring({});
    if (!probe.ok()) GTEST_SKIP() << probe.error().message;
  }

  static Completion one(Queue& queue, const Request& request) {
    queue.submit({&request, 1});
    Completion done;
    EXPECT_EQ(queue.wait({&done, 1}), 1u);
    EXPECT_EQ(done.tag, request.tag);
    return done;
  }

  TestFile on_disk_{kFileBytes};
  File file_ = File::open(on_disk_.path()).value();
  std::vector<std::byte> bytes_ = std::vector<std::byte>(kFileBytes);
};

TEST_F(UringTest, PiecesMakeTheWhole) {
  for (const uint64_t piece : {0u, 1u, 4096u, 100'000u, 8'000'000u}) {
    const auto queue = make_uring({.capacity = 2, .depth = 5, .piece = piece}).value();
    const uint64_t bytes = piece == 1 ? 5000 : kFileBytes - 77;
    EXPECT_TRUE(one(*queue, {.file = &file_, .offset = 77, .dst = bytes_.data(), .bytes = bytes, .tag = 9}).ok());
    EXPECT_TRUE(is_pattern(std::span(bytes_).first(bytes), 77));
    EXPECT_EQ(queue->counters().requests, 1u);
    EXPECT_EQ(queue->counters().bytes, bytes);
  }
}

TEST_F(UringTest, ACutFileTellsHowFarTheFirstMissingPieceCame) {
  constexpr uint64_t kCut = 1'234'567;
  ASSERT_EQ(::truncate(on_disk_.path().c_str(), kCut), 0);
  const auto queue = make_uring({.piece = 100'000}).value();
  for (int i = 0; i < 20; ++i) {
    const Completion done = one(*queue, {.file = &file_, .offset = 5, .dst = bytes_.data(), .bytes = kFileBytes - 5});
    EXPECT_EQ(done.outcome, Outcome::end_of_file);
    EXPECT_EQ(done.bytes_done, kCut - 5);
    EXPECT_TRUE(is_pattern(std::span(bytes_).first(done.bytes_done), 5));
  }
  EXPECT_EQ(queue->counters().failures, 20u);
}

TEST_F(UringTest, AFileThatCannotBeReadIsRetriedThenFails) {
  // A descriptor opened for writing only: every read of it is refused by the kernel.
  const int write_only = ::open(on_disk_.path().c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(::dup2(write_only, file_.fd()), 0);
  ::close(write_only);
  const auto queue = make_uring({}).value();
  const Request r{.file = &file_, .offset = 0, .dst = bytes_.data(), .bytes = 4096};
  const Completion done = one(*queue, r);
  EXPECT_EQ(done.outcome, Outcome::failed);
  EXPECT_EQ(done.error, EBADF);
  EXPECT_EQ(describe(r, done).message,
            on_disk_.path() + ": read of 4096 bytes at offset 0 failed: Bad file descriptor");
  EXPECT_EQ(queue->counters().retries, static_cast<uint64_t>(Progress::kErrorRetries));
  const File again = File::open(on_disk_.path()).value();
  EXPECT_TRUE(one(*queue, {.file = &again, .dst = bytes_.data(), .bytes = 4096}).ok());
}

TEST_F(UringTest, AFolderUnderTheDescriptorAndNoDescriptorAtAll) {
  const auto queue = make_uring({}).value();
  const int folder = ::open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(::dup2(folder, file_.fd()), 0);
  ::close(folder);
  EXPECT_EQ(one(*queue, {.file = &file_, .dst = bytes_.data(), .bytes = 4096}).outcome, Outcome::failed);
  const File none = File::unopened("none", 100);
  EXPECT_EQ(one(*queue, {.file = &none, .dst = bytes_.data(), .bytes = 100}).error, EBADF);
}

TEST_F(UringTest, AnAddressThatIsNotThereIsAnError) {
  const auto queue = make_uring({}).value();
  auto* nowhere = reinterpret_cast<std::byte*>(uintptr_t{4096});
  EXPECT_EQ(one(*queue, {.file = &file_, .dst = nowhere, .bytes = 4096}).error, EFAULT);
}

TEST_F(UringTest, RegisteredMemoryIsUsedWhereItCovers) {
  const auto memory = Arena::map(1 << 20).value();
  const auto queue = make_uring({.registered = {memory.data(), memory.size()}}).value();
  EXPECT_TRUE(one(*queue, {.file = &file_, .offset = 11, .dst = memory.data() + 3, .bytes = 100'000}).ok());
  EXPECT_TRUE(is_pattern({memory.data() + 3, 100'000}, 11));
  if (queue->counters().registered_reads == 0) GTEST_SKIP() << "the system refuses to register memory";
  EXPECT_EQ(queue->counters().registered_reads, 1u);
  EXPECT_TRUE(one(*queue, {.file = &file_, .offset = 11, .dst = bytes_.data(), .bytes = 100'000}).ok());
  EXPECT_TRUE(is_pattern(std::span(bytes_).first(100'000), 11));
  EXPECT_EQ(queue->counters().registered_reads, 1u);
}

TEST_F(UringTest, DirectIntoRegisteredMemory) {
  const auto file = File::open(on_disk_.path(), Mode::direct);
  if (!file.ok()) GTEST_SKIP() << file.error().message;
  const auto memory = Arena::map(8 << 20).value();
  const auto queue = make_uring({.piece = 256 << 10, .registered = {memory.data(), memory.size()}}).value();
  constexpr uint64_t kOffset = 12'345, kBytes = 4'000'000;
  std::byte* dst = memory.data() + kOffset % file->alignment();
  EXPECT_TRUE(one(*queue, {.file = &*file, .offset = kOffset, .dst = dst, .bytes = kBytes}).ok());
  EXPECT_TRUE(is_pattern({dst, kBytes}, kOffset));
}

TEST_F(UringTest, ASubmitterThatEndsLosesNothing) {
  const auto queue = make_uring({.capacity = 64, .depth = 4}).value();
  for (int round = 0; round < 20; ++round) {
    std::thread([&] {
      for (uint64_t i = 0; i < 16; ++i) {
        const Request r{.file = &file_, .offset = i * 300'000, .dst = &bytes_[i * 300'000], .bytes = 300'000, .tag = i};
        queue->submit({&r, 1});
      }
    }).join();
    while (queue->in_flight() > 0) {
      Completion done[4];
      for (size_t k = 0, n = queue->wait(done); k < n; ++k) ASSERT_TRUE(done[k].ok());
    }
    ASSERT_TRUE(is_pattern(std::span(bytes_).first(16 * 300'000), 0));
    std::fill(bytes_.begin(), bytes_.end(), std::byte{0});
  }
}

TEST_F(UringTest, DemandOvertakesSpeculativeReadsInTheQueue) {
  // One read at a time, from the drive itself so that none ends at once.
  const auto file = File::open(on_disk_.path(), Mode::direct);
  if (!file.ok()) GTEST_SKIP() << file.error().message;
  const auto memory = Arena::map(8 << 20).value();
  const auto queue = make_uring({.depth = 1, .speculative_depth = 1}).value();
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 8; ++i) {
    const Priority priority = i < 4 ? Priority::speculative : Priority::demand;
    requests.push_back({.file = &*file,
                        .offset = i << 19,
                        .dst = memory.data() + (i << 19),
                        .bytes = 1 << 19,
                        .tag = i,
                        .priority = priority});
  }
  queue->submit(requests);
  std::vector<uint64_t> tags;
  while (queue->in_flight() > 0) {
    Completion done;
    ASSERT_EQ(queue->wait({&done, 1}), 1u);
    tags.push_back(done.tag);
  }
  EXPECT_EQ(tags, (std::vector<uint64_t>{4, 5, 6, 7, 0, 1, 2, 3}));
}

// A drive that hangs: its reads do not end until let go. It is a pipe under the descriptor of a file.
class HungDrive {
 public:
  explicit HungDrive(const File& file) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    EXPECT_GE(::dup2(ends[0], file.fd()), 0);
    ::close(ends[0]);
    end_ = ends[1];
  }
  ~HungDrive() { let_go(); }
  void let_go() {  // the file ends
    if (end_ >= 0) ::close(end_);
    end_ = -1;
  }

 private:
  int end_ = -1;
};

TEST_F(UringTest, ADriveThatHangsHoldsUpNoOther) {
  constexpr uint64_t kReads = 40;
  const TestFile elsewhere(kFileBytes);
  const File good = File::open(elsewhere.path()).value();
  HungDrive hung(file_);
  const auto queue = make_uring({.capacity = 3 * kReads, .drives = 2, .depth = 3, .piece = 10'000}).value();
  std::vector<Request> requests;
  for (uint64_t i = 0; i < 2 * kReads; ++i) {
    const uint64_t offset = i * 60'000;
    requests.push_back({.file = i < kReads ? &file_ : &good,
                        .offset = offset,
                        .dst = &bytes_[offset],
                        .bytes = 50'000,
                        .tag = i,
                        .priority = i % 2 == 0 ? Priority::demand : Priority::speculative,
                        .drive = static_cast<uint16_t>(i < kReads ? 0 : 1)});
  }
  queue->submit(requests);
  uint64_t ended = 0;
  Completion done[16];
  const auto take = [&](bool from_good) {
    for (size_t k = 0, n = queue->wait(done); k < n; ++k, ++ended) {
      ASSERT_EQ(done[k].tag >= kReads, from_good);
      ASSERT_EQ(done[k].outcome, from_good ? Outcome::ok : Outcome::end_of_file);
    }
  };
  while (ended < kReads) ASSERT_NO_FATAL_FAILURE(take(true));
  for (uint64_t i = kReads; i < 2 * kReads; ++i) EXPECT_TRUE(is_pattern({requests[i].dst, 50'000}, i * 60'000));
  EXPECT_EQ(queue->poll(done), 0u);
  EXPECT_EQ(queue->in_flight(), kReads);
  hung.let_go();
  while (ended < 2 * kReads) ASSERT_NO_FATAL_FAILURE(take(false));
  EXPECT_EQ(queue->in_flight(), 0u);
  EXPECT_EQ(queue->counters().failures, kReads);
}

// Two folders that are told to be two drives: reads of every copy arrive, through one wait.
TEST_F(UringTest, TwoDrivesServeTheCopiesOfOneFile) {
  constexpr int kReads = 300;
  const testing::TempFolder here, there;
  std::vector<File> files;
  for (const testing::TempFolder* folder : {&here, &there}) {
    std::filesystem::copy_file(on_disk_.path(), *folder / "m.gguf");
    files.push_back(File::open(*folder / "m.gguf").value());
  }
  Drives drives(std::vector<FilePlace>{{1}, {2}});
  const auto queue = make_uring({.capacity = 16, .drives = drives.count(), .depth = 2}).value();
  std::vector<int32_t> picked(16);
  std::vector<size_t> idle, reads(2);
  for (size_t i = 0; i < 16; ++i) idle.push_back(i);
  const auto start = std::chrono::steady_clock::now();
  const auto now = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  for (int started = 0, ended = 0; ended < kReads;) {
    for (; started < kReads && !idle.empty(); ++started) {
      const size_t i = idle.back();
      idle.pop_back();
      picked[i] = drives.pick(std::vector<int32_t>{0, 1}, 300'000, now());
      const Request r{.file = &files[static_cast<size_t>(picked[i])],
                      .offset = i * 300'000,
                      .dst = &bytes_[i * 300'000],
                      .bytes = 300'000,
                      .tag = i,
                      .drive = static_cast<uint16_t>(drives.drive_of(picked[i]))};
      queue->submit({&r, 1});
    }
    Completion done[8];
    for (size_t k = 0, n = queue->wait(done); k < n; ++k, ++ended) {
      const size_t i = done[k].tag;
      ASSERT_TRUE(done[k].ok());
      ASSERT_TRUE(is_pattern({&bytes_[i * 300'000], 300'000}, i * 300'000));
      std::fill_n(&bytes_[i * 300'000], 300'000, std::byte{0});
      drives.done(picked[i], 300'000, now());
      ++reads[static_cast<size_t>(picked[i])];
      idle.push_back(i);
    }
  }
  EXPECT_GT(reads[0], 20u);
  EXPECT_GT(reads[1], 20u);
}

TEST_F(UringTest, AReaderOfOnesOwnIsLeftToTheBackendThatHonoursIt) {
  FakeDisk disk;
  const File* file = disk.add("model.gguf", pattern(4096));
  EXPECT_EQ(make_uring({.reader = disk.reader()}).error().code, Code::unsupported);
  const auto queue = make_queue("", {.reader = disk.reader()}).value();
  EXPECT_TRUE(one(*queue, {.file = file, .dst = bytes_.data(), .bytes = 4096}).ok());
  EXPECT_EQ(disk.calls().size(), 1u);
}

TEST_F(UringTest, RefusesSenselessOptions) {
  EXPECT_EQ(make_uring({.depth = 0}).error().code, Code::invalid);
  EXPECT_EQ(make_uring({.depth = 1 << 20}).error().code, Code::invalid);
  EXPECT_EQ(make_uring({.speculative_depth = 0}).error().code, Code::invalid);
  EXPECT_EQ(make_uring({.drives = 8, .depth = 129}).error().code, Code::invalid);
}

}  // namespace
}  // namespace sluice::io
#endif
