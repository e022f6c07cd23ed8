#include "base/ram_rate.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/arena.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/machine.h"

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kChunk = uint64_t{1} << 20;  // between two looks at the clock

// Several sums at once, so that no addition waits for the one before.
uint64_t sum_of(const std::byte* data) {
  std::array<uint64_t, 16> sums{}, values;
  for (uint64_t at = 0; at < kChunk; at += sizeof(values)) {
    std::memcpy(values.data(), data + at, sizeof(values));
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
  }
  uint64_t all = 0;
  for (const uint64_t sum : sums) all += sum;
  return all;
}

// Bytes of this process in transparent huge pages.
uint64_t huge_bytes() {
  std::ifstream in("/proc/self/smaps_rollup");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("AnonHugePages:")) return std::strtoull(line.c_str() + 14, nullptr, 10) * 1024;
  }
  return 0;
}

struct Sweep {
  Arena memory;
  uint64_t section;  // bytes of each thread
  double seconds;
  std::atomic<uint64_t> bytes = 0;
  std::atomic<uint64_t> sum = 0;  // so that no compiler leaves the reading out

  void run(int32_t thread, std::barrier<>& start) {
    const std::byte* begin = memory.data() + section * static_cast<uint64_t>(thread);
    std::memset(memory.data() + section * static_cast<uint64_t>(thread), thread + 1,
                section);  // untouched pages are one page of zeros
    start.arrive_and_wait();
    const auto from = Clock::now();
    uint64_t read = 0, total = 0;
    for (uint64_t at = 0; read == 0 || seconds_since(from) < seconds; at = at + 2 * kChunk <= section ? at + kChunk : 0) {
      total += sum_of(begin + at);
      read += kChunk;
    }
    bytes += read;
    sum += total;
  }
};

}  // namespace

Result<RamRate> measure_ram(int32_t threads, uint64_t bytes, double seconds) {
  const auto count = static_cast<uint64_t>(threads);
  SLUICE_CHECK(threads >= 1 && bytes >= count * kChunk);
  if (bytes > available_memory()) return Error{Code::over_budget, "not enough free memory to measure its speed"};
  const uint64_t huge_before = huge_bytes();
  SLUICE_TRY(Arena memory, Arena::map(bytes));
  Sweep sweep{.memory = std::move(memory), .section = bytes / count, .seconds = seconds};
  std::barrier start(threads + 1);
  std::vector<std::thread> pool;
  for (int32_t i = 0; i < threads; ++i) pool.emplace_back([&, i] { sweep.run(i, start); });
  start.arrive_and_wait();
  const auto from = Clock::now();
  for (std::thread& thread : pool) thread.join();
  const double took = seconds_since(from);
  const uint64_t huge_after = huge_bytes();
  return RamRate{.gb_s = static_cast<double>(sweep.bytes) / took / 1e9,
                 .bytes = bytes,
                 // The process's other memory may have become huge meanwhile.
                 .huge_bytes = std::min(bytes, huge_after > huge_before ? huge_after - huge_before : 0)};
}

}  // namespace sluice
