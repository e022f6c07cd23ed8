// How fast each instruction set runs each format: GB/s of weights and GFMA/s (weights times tokens), for a matrix far
// larger than the last-level cache and for one that fits the second level, beside a plain read of as many bytes. Names:
// matmul/SET/FORMAT/MiB/tokens/threads; threads share the rows, as the engine's do.
//   kernels_bench --benchmark_filter='matmul/.*/Q4_K/.*'
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/arena.h"
#include "kernels/kernel_table.h"

namespace sluice {
namespace {

using kernels::KernelTable;
using quant::FormatId;

constexpr int64_t kCols = 4096;
constexpr int64_t kMaxTokens = 128;

struct Weights {
  Arena arena;
  quant::Matrix view;
};

uint64_t bytes_a_row(FormatId id) {
  const bool mlx = quant::format(id).side_arrays;
  return static_cast<uint64_t>(quant::row_bytes(id, kCols)) + (mlx ? 2 * kCols / 64 * sizeof(uint16_t) : 0);
}

// About `mib` of random quants. Half floats among random bytes may be NaN or subnormal; the arithmetic's speed does not
// depend on that on the processors we know, but two bits are cleared so that exponents stay moderate.
Weights make_weights(FormatId id, int64_t mib) {
  const int64_t rows = (mib << 20) / static_cast<int64_t>(bytes_a_row(id)) / 8 * 8;
  const auto data = static_cast<uint64_t>(rows * quant::row_bytes(id, kCols));
  const uint64_t side = quant::format(id).side_arrays ? static_cast<uint64_t>(rows * kCols / 64 * 2) : 0;
  auto arena = Arena::map(data + 2 * side);
  std::mt19937 random(1);
  for (uint64_t i = 0; i + 4 <= data + 2 * side; i += 4) {
    const uint32_t word = static_cast<uint32_t>(random()) & 0xbfbfbfbf;
    std::memcpy(arena.value().data() + i, &word, sizeof word);
  }
  Weights w{std::move(arena).value(), {.format = id, .rows = rows, .cols = kCols}};
  w.view.data = w.arena.data();
  if (side != 0) {
    w.view.scales = w.arena.data() + data;
    w.view.biases = w.arena.data() + data + side;
    w.view.scale_type = quant::ScaleType::bf16;
    w.view.group = 64;
  }
  return w;
}

// A pool that spins: the work is short, and waking threads would be most of what is measured.
class Spinners {
 public:
  explicit Spinners(int threads) : count_(threads) {
    for (int i = 1; i < threads; ++i) threads_.emplace_back([this, i] { loop(i); });
  }
  ~Spinners() {
    stop_ = true;
    for (auto& t : threads_) t.join();
  }
  template <class F>
  void run(F&& f) {
    work_ = f;
    left_ = count_ - 1;
    ++turn_;
    f(0, count_);
    while (left_ != 0) {
    }
  }

 private:
  void loop(int index) {
    for (int seen = 0;;) {
      while (turn_ == seen) {
        if (stop_) return;
      }
      ++seen;
      work_(index, count_);
      --left_;
    }
  }
  int count_;
  std::atomic<int> turn_{0}, left_{0};
  std::atomic<bool> stop_{false};
  std::function<void(int, int)> work_;
  std::vector<std::thread> threads_;
};

void count(benchmark::State& state, double bytes, double fmas) {
  const auto n = static_cast<double>(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(bytes * n / 1e9, benchmark::Counter::kIsRate);
  state.counters["GFMA/s"] = benchmark::Counter(fmas * n / 1e9, benchmark::Counter::kIsRate);
}

void bench_matmul(benchmark::State& state, const KernelTable* table, FormatId id, int64_t mib, int64_t tokens,
                  int threads) {
  const Weights w = make_weights(id, mib);
  std::vector<float> x(kCols * kMaxTokens, 0.5F), y(static_cast<size_t>(w.view.rows * tokens));
  Spinners pool(threads);
  for (auto _ : state) {
    pool.run([&](int i, int n) {
      const kernels::MatMulArgs args{.w = &w.view,
                                     .row_begin = w.view.rows * i / n,
                                     .row_end = w.view.rows * (i + 1) / n,
                                     .x = x.data(),
                                     .ldx = kCols,
                                     .tokens = tokens,
                                     .y = y.data(),
                                     .ldy = w.view.rows};
      table->matmul[static_cast<size_t>(id)](args);
    });
    benchmark::ClobberMemory();
  }
  count(state, static_cast<double>(bytes_a_row(id)) * static_cast<double>(w.view.rows),
        static_cast<double>(w.view.rows * kCols * tokens));
}

// Sums 64-bit words: the most that a kernel which only read its weights could do.
void bench_read(benchmark::State& state, int64_t mib, int threads) {
  const Weights w = make_weights(FormatId::f32, mib);
  const auto words = static_cast<size_t>(w.arena.size() / 8);
  const auto* p = reinterpret_cast<const uint64_t*>(w.arena.data());
  std::atomic<uint64_t> total{0};
  Spinners pool(threads);
  for (auto _ : state) {
    pool.run([&](int i, int n) {
      uint64_t sum = 0;
      const size_t end = words * static_cast<size_t>(i + 1) / static_cast<size_t>(n);
      for (size_t j = words * static_cast<size_t>(i) / static_cast<size_t>(n); j < end; ++j) sum += p[j];
      total += sum;
    });
  }
  benchmark::DoNotOptimize(total.load());
  count(state, static_cast<double>(words * 8), 0);
}

void bench_attention(benchmark::State& state, const KernelTable* table, int64_t head_dim, int64_t positions) {
  std::vector<float> q(static_cast<size_t>(head_dim), 0.1F), keys(static_cast<size_t>(head_dim * positions), 0.1F);
  std::vector<float> values = keys, scores(static_cast<size_t>(positions)), out(q.size());
  for (auto _ : state) {
    table->attention({.q = q.data(),
                      .keys = keys.data(),
                      .values = values.data(),
                      .kv_stride = head_dim,
                      .positions = positions,
                      .head_dim = head_dim,
                      .scale = 0.1F,
                      .scores = scores.data(),
                      .out = out.data()});
    benchmark::ClobberMemory();
  }
  const auto fmas = static_cast<double>(2 * head_dim * positions);
  count(state, 4 * fmas, fmas);
}

void bench_delta_rule(benchmark::State& state, const KernelTable* table, int64_t heads) {
  constexpr int64_t kDim = 128;
  std::vector<float> q(kDim, 0.01F), v(kDim, 1), out(kDim), s(static_cast<size_t>(heads * kDim * kDim), 0.1F);
  for (auto _ : state) {
    for (int64_t h = 0; h < heads; ++h) {
      table->delta_rule({.q = q.data(),
                         .k = q.data(),
                         .v = v.data(),
                         .decay = 0.9F,
                         .beta = 0.5F,
                         .dk = kDim,
                         .dv = kDim,
                         .state = s.data() + h * kDim * kDim,
                         .out = out.data()});
    }
    benchmark::ClobberMemory();
  }
  const auto elements = static_cast<double>(heads * kDim * kDim);
  count(state, 8 * elements, 3 * elements);
}

void bench_swiglu(benchmark::State& state, const KernelTable* table) {
  std::vector<float> gate(4096, 0.3F), up(4096, 0.7F), y(4096);
  for (auto _ : state) {
    table->swiglu(gate.data(), up.data(), 4096, y.data());
    benchmark::ClobberMemory();
  }
  count(state, 3 * 4 * 4096.0, 4096);
}

void register_matmul(const std::string& set, const KernelTable* table, const quant::Format& format) {
  if (format.id == FormatId::fp8_e4m3) return;
  for (const int64_t mib : {1, 96}) {
    for (const int64_t tokens : {1, 4, 32, 128}) {
      if (mib == 96 && tokens != 1) continue;  // arithmetic bounds those; 1 MiB tells it sooner
      for (const int threads : {1, 2}) {
        const std::string name = "matmul/" + set + "/" + std::string(format.name) + "/" + std::to_string(mib) + "/" +
                                 std::to_string(tokens) + "/" + std::to_string(threads);
        benchmark::RegisterBenchmark(name.c_str(), bench_matmul, table, format.id, mib, tokens, threads)->UseRealTime();
      }
    }
  }
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const int64_t mib : {1, 96}) {
    for (const int threads : {1, 2}) {
      const std::string name = "read/" + std::to_string(mib) + "/" + std::to_string(threads);
      benchmark::RegisterBenchmark(name.c_str(), bench_read, mib, threads)->UseRealTime();
    }
  }
  for (const auto& set : kernels::instruction_sets()) {
    const auto selected = kernels::select(set.name);
    if (!selected.ok()) continue;
    const KernelTable* table = selected.value();
    const std::string name(set.name);
    for (const auto& format : quant::formats()) register_matmul(name, table, format);
    for (const int64_t dim : {64, 128, 256}) {
      const std::string what = "attention/" + name + "/" + std::to_string(dim);
      benchmark::RegisterBenchmark(what.c_str(), bench_attention, table, dim, int64_t{1024});
    }
    benchmark::RegisterBenchmark(("delta_rule/" + name + "/1").c_str(), bench_delta_rule, table, int64_t{1});
    benchmark::RegisterBenchmark(("delta_rule/" + name + "/1024").c_str(), bench_delta_rule, table, int64_t{1024});
    benchmark::RegisterBenchmark(("swiglu/" + name).c_str(), bench_swiglu, table);
  }
  return true;
}();

}  // namespace
}  // namespace sluice
