#include "base/lock.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "base/arena.h"

namespace sluice {
namespace {

constexpr uint64_t kBytes = 8 << 20;

// Sanitizers replace mlock by a function that does nothing and says that it did.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMlockIsReal = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool kMlockIsReal = false;
#else
constexpr bool kMlockIsReal = true;
#endif
#else
constexpr bool kMlockIsReal = true;
#endif

// Bytes of the pages of `memory` that are resident.
uint64_t resident(const Arena& memory) {
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages(memory.size() / page);
  EXPECT_EQ(::mincore(memory.data(), memory.size(), pages.data()), 0);
  return page * static_cast<uint64_t>(std::count_if(pages.begin(), pages.end(), [](auto p) { return (p & 1) != 0; }));
}

TEST(Lock, LocksOrTouchesAllAndLeavesTheBytesAlone) {
  if (!kMlockIsReal) GTEST_SKIP() << "SKIPPED: the sanitizer locks nothing";
  const auto memory = Arena::map(kBytes).value();
  memory.data()[5000] = std::byte{42};
  const LockedBytes out = lock_memory({memory.data(), memory.size()});
  EXPECT_EQ(out.locked + out.touched, memory.size());
  EXPECT_EQ(resident(memory), memory.size());
  EXPECT_EQ(memory.data()[5000], std::byte{42});
  EXPECT_EQ(memory.data()[5001], std::byte{0});
  EXPECT_EQ(lock_memory({}).locked, 0u);
}

TEST(Lock, CountsThePagesThatAnOddRangeTouches) {
  const auto memory = Arena::map(kBytes).value();
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const LockedBytes out = lock_memory({memory.data() + page - 1, page + 2});
  EXPECT_EQ(out.locked + out.touched, 3 * page);
}

// In a child, which loses its privilege and may lock 1 MiB: the rest must be touched. Its exit code says how it went.
TEST(Lock, LocksWhatTheLimitAllows) {
  if (!kMlockIsReal) GTEST_SKIP() << "SKIPPED: the sanitizer locks nothing";
  const auto memory = Arena::map(kBytes).value();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{1 << 20, 1 << 20};
    if (::setrlimit(RLIMIT_MEMLOCK, &limit) != 0) ::_exit(77);
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(77);
    const LockedBytes out = lock_memory({memory.data(), memory.size()});
    ::_exit(out.locked <= (1 << 20) && out.locked >= (1 << 19) && out.locked + out.touched == kBytes &&
                    resident(memory) == kBytes
                ? 0
                : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "cannot lower the limit or give up the privilege here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Lock, GivesBackWholePagesOnly) {
  const auto memory = Arena::map(kBytes).value();
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  std::fill_n(memory.data(), kBytes, std::byte{7});
  lock_memory({memory.data(), memory.size()});
  const uint64_t given = give_back({memory.data() + 1, 4 * page});
  EXPECT_EQ(given, 3 * page);
  EXPECT_EQ(memory.data()[page - 1], std::byte{7});
  EXPECT_EQ(memory.data()[page], std::byte{0});
  EXPECT_EQ(memory.data()[4 * page - 1], std::byte{0});
  EXPECT_EQ(memory.data()[4 * page], std::byte{7});
  EXPECT_EQ(give_back({memory.data() + 1, page}), 0u);
  EXPECT_EQ(give_back({memory.data(), memory.size()}), memory.size());
  EXPECT_EQ(resident(memory), 0u);
}

}  // namespace
}  // namespace sluice
