// What a parallel region costs, and how much of memory's speed a decode-like row of regions reaches.
//
//   empty/T           a region with one piece a thread and nothing in it, after another: workers still spin
//   gap/T/US          the same with the caller busy for US microseconds between regions (reported: the region alone)
//   wake/T            100 us of work a thread after 3 ms of rest; late_us: how much longer than 100 us it took
//   unequal/T         work in many pieces while the last thread is three times slower; share: of the ideal
//   decode/T          40 layers of 12 regions that read 60 kB to 3 MB each, distinct memory; share: of a plain sweep of the
//                     same bytes by the same pool, pass about
// Clocks are the wall's: on a machine that others use, alternate builds and compare medians.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/arena.h"
#include "base/machine.h"
#include "base/threads.h"

namespace sluice {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); }

void spin_for(double seconds) {
  const auto from = Clock::now();
  while (since(from) < seconds) {
  }
}

void bench_empty(benchmark::State& state, int threads) {
  ThreadPool pool(threads);
  for (auto _ : state) {
    pool.ranges(threads, 1, [](int64_t begin, int64_t, int) { benchmark::DoNotOptimize(begin); });
  }
}

void bench_gap(benchmark::State& state, int threads, double gap) {
  ThreadPool pool(threads);
  for (auto _ : state) {
    spin_for(gap);
    const auto from = Clock::now();
    pool.ranges(threads, 1, [](int64_t begin, int64_t, int) { benchmark::DoNotOptimize(begin); });
    state.SetIterationTime(since(from));
  }
}

void bench_wake(benchmark::State& state, int threads) {
  constexpr double kWork = 100e-6;
  ThreadPool pool(threads);
  double late = 0;
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    const auto from = Clock::now();
    pool.each(threads, [&](int64_t, int) { spin_for(kWork); });
    const double took = since(from);
    late += took - kWork;
    state.SetIterationTime(took);
  }
  state.counters["late_us"] = late * 1e6 / static_cast<double>(state.iterations());
}

void bench_unequal(benchmark::State& state, int threads) {
  constexpr double kPiece = 2e-6;
  constexpr int64_t kPieces = 64;  // of work, for each thread
  constexpr int kSlower = 3;
  ThreadPool pool(threads);
  double took = 0;
  for (auto _ : state) {
    const auto from = Clock::now();
    pool.each(kPieces * threads, [&](int64_t, int thread) {
      spin_for(thread == threads - 1 && threads > 1 ? kSlower * kPiece : kPiece);
    });
    const double seconds = since(from);
    took += seconds;
    state.SetIterationTime(seconds);
  }
  const double speed = threads > 1 ? threads - 1 + 1.0 / kSlower : 1;
  const double ideal = kPiece * kPieces * threads / speed;
  state.counters["share"] = ideal * static_cast<double>(state.iterations()) / took;
}

uint64_t sum_of(const std::byte* data, int64_t bytes) {
  std::array<uint64_t, 16> sums{}, values;
  for (int64_t at = 0; at + static_cast<int64_t>(sizeof(values)) <= bytes; at += sizeof(values)) {
    std::memcpy(values.data(), data + at, sizeof(values));
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
  }
  uint64_t all = 0;
  for (const uint64_t sum : sums) all += sum;
  return all;
}

constexpr int64_t kRow = 1024;  // bytes
constexpr int kLayers = 40;
// Rows that the regions of a layer read: about the matrices of Qwen3.5-35B-A3B's layer at 4 bits, and small ones between.
constexpr std::array<int64_t, 12> kRegionRows = {2900, 300, 60, 2000, 1100, 260, 600, 300, 2300, 1150, 60, 300};

int64_t layer_rows() {
  int64_t rows = 0;
  for (const int64_t r : kRegionRows) rows += r;
  return rows;
}

const std::byte* decode_memory() {
  static const Arena arena = [] {
    const auto bytes = static_cast<uint64_t>(kLayers * layer_rows() * kRow);
    auto a = Arena::map(bytes);
    std::memset(a.value().data(), 1, bytes);
    return std::move(a).value();
  }();
  return arena.data();
}

void read_rows(ThreadPool& pool, const std::byte* data, int64_t rows, int64_t grain) {
  pool.ranges(rows, grain, [&](int64_t begin, int64_t end, int) {
    benchmark::DoNotOptimize(sum_of(data + begin * kRow, (end - begin) * kRow));
  });
}

void bench_decode(benchmark::State& state, int threads) {
  const std::byte* memory = decode_memory();
  const int64_t all = kLayers * layer_rows();
  ThreadPool pool(threads);
  double decode = 0, sweep = 0;
  for (auto _ : state) {
    const auto start = Clock::now();
    read_rows(pool, memory, all, all / threads / 16 * 16 + 16);
    const auto from = Clock::now();
    const std::byte* at = memory;
    for (int layer = 0; layer < kLayers; ++layer) {
      for (const int64_t rows : kRegionRows) {
        read_rows(pool, at, rows, 16);
        at += rows * kRow;
      }
    }
    const double seconds = since(from);
    sweep += std::chrono::duration<double>(from - start).count();
    decode += seconds;
    state.SetIterationTime(seconds);
  }
  const double bytes = static_cast<double>(all * kRow) * static_cast<double>(state.iterations());
  state.counters["share"] = sweep / decode;
  state.counters["sweep_gb_s"] = bytes / sweep / 1e9;
  state.counters["gb_s"] = bytes / decode / 1e9;
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const int threads : {1, 2, 4, 8, 12, 16}) {
    if (threads > cpu_count()) break;
    const std::string t = std::to_string(threads);
    benchmark::RegisterBenchmark(("empty/" + t).c_str(), bench_empty, threads)->UseRealTime();
    for (const int us : {20, 100, 400}) {
      benchmark::RegisterBenchmark(("gap/" + t + "/" + std::to_string(us)).c_str(), bench_gap, threads, us * 1e-6)
          ->UseManualTime()
          ->Iterations(500);
    }
    benchmark::RegisterBenchmark(("wake/" + t).c_str(), bench_wake, threads)->UseManualTime()->Iterations(100);
    benchmark::RegisterBenchmark(("unequal/" + t).c_str(), bench_unequal, threads)->UseManualTime()->Iterations(200);
    benchmark::RegisterBenchmark(("decode/" + t).c_str(), bench_decode, threads)->UseManualTime()->Iterations(5);
  }
  return true;
}();

}  // namespace
}  // namespace sluice
