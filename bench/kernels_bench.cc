// How fast each instruction set runs each format on matrices of an expert's shape, far more of them than the caches
// hold, in random order: GB/s of weights, and GMAC/s (weights times tokens), beside a plain read of as many bytes.
// Names: matmul/SET/FORMAT/ROWSxCOLS/tokens/threads, integer/... for products in integers; threads share the rows, as the engine's do. The clock is the
// wall's: on a machine that others use, interleave repetitions and compare medians.
//   kernels_bench --benchmark_filter='read|matmul/avx512/Q4_K/.*/1/.'
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/arena.h"
#include "kernels/integer.h"
#include "kernels/kernel_table.h"

namespace sluice {
namespace {

using kernels::KernelTable;
using quant::FormatId;

constexpr uint64_t kBytes = uint64_t{288} << 20;
constexpr int64_t kMlxGroup = 64;

// Random bytes, shared by all benchmarks. Half floats among them may be NaN or subnormal; the arithmetic's speed does
// not depend on that on the processors we know, but two bits are cleared so that exponents stay moderate.
const std::byte* random_bytes() {
  static const Arena arena = [] {
    constexpr uint64_t kPiece = uint64_t{4} << 20;
    auto a = Arena::map(kBytes);
    std::mt19937 random(1);
    for (uint64_t i = 0; i < kPiece; i += 4) {
      const uint32_t word = static_cast<uint32_t>(random()) & 0xbfbfbfbf;
      std::memcpy(a.value().data() + i, &word, sizeof word);
    }
    for (uint64_t i = kPiece; i < kBytes; i += kPiece) std::memcpy(a.value().data() + i, a.value().data(), kPiece);
    return std::move(a).value();
  }();
  return arena.data();
}

struct Experts {
  std::vector<quant::Matrix> matrices;  // in random order
  uint64_t bytes_each;
};

// At most `most` matrices.
Experts experts(FormatId id, int64_t rows, int64_t cols, size_t most) {
  const auto data = static_cast<uint64_t>(rows * quant::row_bytes(id, cols));
  const bool mlx = quant::format(id).side_arrays;
  const uint64_t side = mlx ? static_cast<uint64_t>(rows * cols / kMlxGroup) * sizeof(uint16_t) : 0;
  Experts e{{}, data + 2 * side};
  for (size_t i = 0; i < most && (i + 1) * e.bytes_each <= kBytes; ++i) {
    const std::byte* p = random_bytes() + i * e.bytes_each;
    quant::Matrix m{.format = id, .rows = rows, .cols = cols};
    m.data = p;
    if (mlx) {
      m.scales = p + data;
      m.biases = p + data + side;
      m.scale_type = quant::ScaleType::bf16;
      m.group = kMlxGroup;
    }
    e.matrices.push_back(m);
  }
  std::shuffle(e.matrices.begin(), e.matrices.end(), std::mt19937(3));
  return e;
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

void count(benchmark::State& state, double bytes, double macs) {
  const auto n = static_cast<double>(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(bytes * n / 1e9, benchmark::Counter::kIsRate);
  state.counters["GMAC/s"] = benchmark::Counter(macs * n / 1e9, benchmark::Counter::kIsRate);
}

struct Shape {
  int64_t rows, cols;
};

// In integers where `integer`, else in float32.
void bench_matmul(benchmark::State& state, const KernelTable* table, FormatId id, bool integer, Shape shape,
                  int64_t tokens, int threads) {
  const Experts e = experts(id, shape.rows, shape.cols, tokens == 1 ? 512 : 16);
  const std::vector<float> x(static_cast<size_t>(shape.cols * tokens), 0.5F);
  std::vector<float> y(static_cast<size_t>(shape.rows * tokens));
  const int64_t ldq = kernels::quantised_bytes(shape.cols);
  const Arena quantised = Arena::map(static_cast<uint64_t>(ldq * tokens)).value();
  for (int64_t t = 0; t < tokens; ++t) {
    table->quantise(x.data() + t * shape.cols, 0, shape.cols, shape.cols, quantised.data() + t * ldq);
  }
  const auto fn = (integer ? table->integer_matmul : table->matmul)[static_cast<size_t>(id)];
  Spinners pool(threads);
  for (auto _ : state) {
    pool.run([&](int i, int n) {
      for (const quant::Matrix& m : e.matrices) {
        const kernels::MatMulArgs args{.w = &m,
                                       .row_begin = shape.rows * i / n,
                                       .row_end = shape.rows * (i + 1) / n,
                                       .x = x.data(),
                                       .ldx = shape.cols,
                                       .tokens = tokens,
                                       .y = y.data(),
                                       .ldy = shape.rows,
                                       .quantised = quantised.data(),
                                       .ldq = ldq};
        fn(args);
      }
    });
    benchmark::ClobberMemory();
  }
  const auto count_of = static_cast<double>(e.matrices.size());
  count(state, static_cast<double>(e.bytes_each) * count_of,
        static_cast<double>(shape.rows * shape.cols * tokens) * count_of);
}

// Sums 64-bit words in four chains: the most that a kernel which only read its weights could do.
void bench_read(benchmark::State& state, int threads) {
  constexpr size_t kWords = kBytes / 8;
  const auto* p = reinterpret_cast<const uint64_t*>(random_bytes());
  std::atomic<uint64_t> total{0};
  Spinners pool(threads);
  for (auto _ : state) {
    pool.run([&](int i, int n) {
      uint64_t sum[8] = {};
      const size_t each = kWords / static_cast<size_t>(n) / 8 * 8, begin = each * static_cast<size_t>(i);
      for (size_t j = begin; j < begin + each; j += 8) {
        for (size_t k = 0; k < 8; ++k) sum[k] += p[j + k];
      }
      total += std::accumulate(sum, sum + 8, uint64_t{0});
    });
  }
  benchmark::DoNotOptimize(total.load());
  count(state, static_cast<double>(kBytes), 0);
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

// `tokens` tokens a head; bytes are those of the state, read and written once a call.
void bench_delta_rule(benchmark::State& state, const KernelTable* table, int64_t heads, int64_t tokens) {
  constexpr int64_t kDim = 128;
  const auto rows = static_cast<size_t>(tokens * kDim);
  std::vector<float> q(rows, 0.01F), v(rows, 1), out(rows), s(static_cast<size_t>(heads * kDim * kDim), 0.1F);
  const std::vector<float> decay(static_cast<size_t>(tokens), 0.9F), beta(static_cast<size_t>(tokens), 0.5F);
  for (auto _ : state) {
    for (int64_t h = 0; h < heads; ++h) {
      table->delta_rule({.q = q.data(),
                         .k = q.data(),
                         .v = v.data(),
                         .ldx = kDim,
                         .decay = decay.data(),
                         .beta = beta.data(),
                         .tokens = tokens,
                         .keep = tokens,
                         .dk = kDim,
                         .dv = kDim,
                         .state = s.data() + h * kDim * kDim,
                         .scratch = nullptr,
                         .out = out.data(),
                         .ldo = kDim});
    }
    benchmark::ClobberMemory();
  }
  const auto elements = static_cast<double>(heads * kDim * kDim);
  count(state, 8 * elements, 3 * elements * static_cast<double>(tokens));
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
  for (const Shape shape : {Shape{512, 2048}, Shape{2048, 512}}) {
    for (const int64_t tokens : {1, 2, 4, 8, 16, 64, 256}) {
      for (const int threads : {1, 2}) {
        const std::string rest = "/" + set + "/" + std::string(format.name) + "/" + std::to_string(shape.rows) + "x" +
                                 std::to_string(shape.cols) + "/" + std::to_string(tokens) + "/" +
                                 std::to_string(threads);
        benchmark::RegisterBenchmark(("matmul" + rest).c_str(), bench_matmul, table, format.id, false, shape, tokens, threads)
            ->UseRealTime();
        if (format.split_row == nullptr) continue;
        benchmark::RegisterBenchmark(("integer" + rest).c_str(), bench_matmul, table, format.id, true, shape, tokens, threads)
            ->UseRealTime();
      }
    }
  }
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const int threads : {1, 2}) {
    benchmark::RegisterBenchmark(("read/" + std::to_string(threads)).c_str(), bench_read, threads)->UseRealTime();
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
    for (const int64_t heads : {1, 1024}) {  // one state in the cache; more states than the caches hold
      for (const int64_t tokens : {1, 4, 64}) {
        const std::string what = "delta_rule/" + name + "/" + std::to_string(heads) + "/" + std::to_string(tokens);
        benchmark::RegisterBenchmark(what.c_str(), bench_delta_rule, table, heads, tokens);
      }
    }
    benchmark::RegisterBenchmark(("swiglu/" + name).c_str(), bench_swiglu, table);
  }
  return true;
}();

}  // namespace
}  // namespace sluice
