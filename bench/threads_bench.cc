// What a parallel region costs, and how much of memory's speed a decode-like row of regions reaches.
//
//   empty/T           a region with one piece a thread and nothing in it, after another: workers still spin
//   small/T           the same with 3 us of work a thread; late_us: how much longer than 3 us it took
//   phases/T          as small, but eight in one call as phases; the figures are of one
//   gap/US/T          the same with the caller busy for US microseconds between regions (reported: the region alone)
//   wake/T            100 us of work a thread after 3 ms of rest; late_us: how much longer than 100 us it took
//   unequal/T         work in many pieces while the last thread is three times slower; share: of the ideal
//   decode/T          40 layers of 12 regions that read 60 kB to 3 MB each, distinct memory; share: of a plain sweep of the
//                     same bytes by the same pool, pass about
//   decode_phases/T   the same in three calls a layer, of four phases each
// NAME/T/pin is the same with every thread kept on a processor of its own.
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
#include "base/cores.h"
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

// How many, and where they are kept; cores empty: wherever the system likes.
struct Threads {
  int count;
  std::vector<int32_t> cores;
};

void bench_empty(benchmark::State& state, Threads threads) {
  ThreadPool pool(threads.count, threads.cores);
  for (auto _ : state) {
    pool.ranges(threads.count, 1, [](int64_t begin, int64_t, int) { benchmark::DoNotOptimize(begin); });
  }
}

constexpr double kSmall = 3e-6;

const auto small_piece = [](int64_t, int64_t, int) { spin_for(kSmall); };

void count_late(benchmark::State& state, double seconds, double work) {
  state.counters["late_us"] = seconds / static_cast<double>(state.iterations()) * 1e6 - work * 1e6;
}

void bench_small(benchmark::State& state, Threads threads) {
  ThreadPool pool(threads.count, threads.cores);
  const auto from = Clock::now();
  for (auto _ : state) pool.ranges(threads.count, 1, small_piece);
  count_late(state, since(from), kSmall);
}

void bench_phases(benchmark::State& state, Threads threads) {
  ThreadPool pool(threads.count, threads.cores);
  const auto p = phase(threads.count, 1, small_piece);
  const auto from = Clock::now();
  for (auto _ : state) pool.phases(p, p, p, p, p, p, p, p);
  count_late(state, since(from) / 8, kSmall);
}

void bench_gap(benchmark::State& state, Threads threads, double gap) {
  ThreadPool pool(threads.count, threads.cores);
  for (auto _ : state) {
    spin_for(gap);
    const auto from = Clock::now();
    pool.ranges(threads.count, 1, [](int64_t begin, int64_t, int) { benchmark::DoNotOptimize(begin); });
    state.SetIterationTime(since(from));
  }
}

void bench_wake(benchmark::State& state, Threads threads) {
  constexpr double kWork = 100e-6;
  ThreadPool pool(threads.count, threads.cores);
  double late = 0;
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    const auto from = Clock::now();
    pool.each(threads.count, [&](int64_t, int) { spin_for(kWork); });
    const double took = since(from);
    late += took - kWork;
    state.SetIterationTime(took);
  }
  count_late(state, late, 0);
}

void bench_unequal(benchmark::State& state, Threads threads) {
  constexpr double kPiece = 2e-6;
  constexpr int64_t kPieces = 64;  // of work, for each thread
  constexpr int kSlower = 3;
  ThreadPool pool(threads.count, threads.cores);
  double took = 0;
  for (auto _ : state) {
    const auto from = Clock::now();
    pool.each(kPieces * threads.count, [&](int64_t, int thread) {
      spin_for(thread == threads.count - 1 && threads.count > 1 ? kSlower * kPiece : kPiece);
    });
    const double seconds = since(from);
    took += seconds;
    state.SetIterationTime(seconds);
  }
  const double speed = threads.count > 1 ? threads.count - 1 + 1.0 / kSlower : 1;
  const double ideal = kPiece * kPieces * threads.count / speed;
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
constexpr int64_t kGrain = 16;
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

auto reading(const std::byte* data) {
  return [data](int64_t begin, int64_t end, int) {
    benchmark::DoNotOptimize(sum_of(data + begin * kRow, (end - begin) * kRow));
  };
}

void read_layer(ThreadPool& pool, const std::byte* at) {
  for (const int64_t rows : kRegionRows) {
    pool.ranges(rows, kGrain, reading(at));
    at += rows * kRow;
  }
}

void read_layer_in_phases(ThreadPool& pool, const std::byte* at) {
  for (size_t r = 0; r < kRegionRows.size(); r += 4) {
    const auto next = [&](size_t i) {
      const auto p = phase(kRegionRows[r + i], kGrain, reading(at));
      at += kRegionRows[r + i] * kRow;
      return p;
    };
    const auto a = next(0), b = next(1), c = next(2), d = next(3);
    pool.phases(a, b, c, d);
  }
}

void bench_decode(benchmark::State& state, Threads threads, void (*layer)(ThreadPool&, const std::byte*)) {
  const std::byte* memory = decode_memory();
  const int64_t all = kLayers * layer_rows();
  ThreadPool pool(threads.count, threads.cores);
  double decode = 0, sweep = 0;
  for (auto _ : state) {
    const auto start = Clock::now();
    pool.ranges(all, all / threads.count / kGrain * kGrain + kGrain, reading(memory));
    const auto from = Clock::now();
    for (int l = 0; l < kLayers; ++l) layer(pool, memory + l * layer_rows() * kRow);
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

void register_all(const std::string& t, const Threads& threads) {
  const auto add = [&](const std::string& name, auto... what) {
    return benchmark::RegisterBenchmark((name + "/" + t).c_str(), what...);
  };
  add("empty", bench_empty, threads)->UseRealTime();
  add("small", bench_small, threads)->UseRealTime();
  add("phases", bench_phases, threads)->UseRealTime();
  for (const int us : {20, 100, 400}) {
    add("gap/" + std::to_string(us), bench_gap, threads, us * 1e-6)->UseManualTime()->Iterations(500);
  }
  add("wake", bench_wake, threads)->UseManualTime()->Iterations(100);
  add("unequal", bench_unequal, threads)->UseManualTime()->Iterations(200);
  add("decode", bench_decode, threads, read_layer)->UseManualTime()->Iterations(5);
  add("decode_phases", bench_decode, threads, read_layer_in_phases)->UseManualTime()->Iterations(5);
}

[[maybe_unused]] const bool kRegistered = [] {
  const std::vector<int32_t> cores = distinct_first(allowed_cpus(), core_of);
  for (const int threads : {1, 2, 4, 8, 12, 16}) {
    if (threads > cpu_count()) break;
    register_all(std::to_string(threads), {threads, {}});
    if (static_cast<size_t>(threads) > cores.size()) continue;
    register_all(std::to_string(threads) + "/pin", {threads, {cores.begin(), cores.begin() + threads}});
  }
  return true;
}();

}  // namespace
}  // namespace sluice
