// How fast each instruction set runs each format on matrices of an expert's shape, far more of them than the caches
// hold, in random order: GB/s of weights, and GMAC/s (weights times tokens). Every run also prints, first, what bounds
// them (bench/limits.h): a plain read of as many bytes and, where the processor has it, VNNI's peak.
// Names: matmul/SET/FORMAT/ROWSxCOLS/tokens/threads, integer/... for products in integers, read/threads,
// vnni_peak/threads; threads share the rows, as the engine's do: one, and as many as may run. The clock is the
// wall's: on a machine that others use, interleave repetitions and compare medians.
//   kernels_bench --benchmark_filter='integer/avx512_vnni/Q4_K/.*/1/.'
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "limits.h"

#include "base/arena.h"
#include "base/machine.h"
#include "kernels/integer.h"
#include "kernels/kernel_table.h"

namespace sluice {
namespace {

using bench::count;
using bench::Spinners;
using kernels::KernelTable;
using quant::FormatId;

constexpr uint64_t kBytes = uint64_t{288} << 20;
constexpr int64_t kMlxGroup = 64;

std::byte* memory() {
  static const Arena arena = Arena::map(kBytes).value();
  return const_cast<std::byte*>(arena.data());
}

// Half floats, scales and exponents of a magnitude that weights have: many processors are slow with subnormals.
uint32_t moderate(FormatId id, uint32_t random) {
  if (id == FormatId::f32) return (random & 0x83ffffff) | 0x3c000000;   // 2^-7 to 2
  if (id == FormatId::bf16) return (random & 0x83ff83ff) | 0x3c003c00;  // likewise
  if (id == FormatId::f16) return (random & 0xbfffbfff) | 0x20002000;   // likewise
  return random & 0xbfbfbfbf;  // float16 scales among the bytes: below 2, and as float32 never subnormal
}

void fill(std::byte* at, uint64_t bytes, FormatId id) {
  std::vector<uint32_t> words(std::min(bytes, uint64_t{4} << 20) / sizeof(uint32_t));
  std::mt19937 random(1);
  for (uint32_t& w : words) w = moderate(id, static_cast<uint32_t>(random()));
  const uint64_t piece = words.size() * sizeof(uint32_t);
  for (uint64_t i = 0; i < bytes; i += piece) std::memcpy(at + i, words.data(), std::min(piece, bytes - i));
}

// Makes memory() random matrices of `data` bytes of format `id`, each with `side` bytes of scales and biases behind it;
// nothing to do where it holds them.
void fill_memory(FormatId id, uint64_t data, uint64_t side) {
  static FormatId filled = FormatId::fp8_e4m3;  // never benchmarked
  if (filled == id) return;
  filled = id;
  fill(memory(), kBytes, id);
  for (uint64_t i = data; side > 0 && i + side <= kBytes; i += data + side) fill(memory() + i, side, FormatId::bf16);
  if (id != FormatId::mxfp4) return;
  for (uint64_t i = 0; i < kBytes; i += 17) memory()[i] = std::byte{120} | (memory()[i] & std::byte{7});  // exponents
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
  fill_memory(id, data, 2 * side);
  for (size_t i = 0; i < most && (i + 1) * e.bytes_each <= kBytes; ++i) {
    const std::byte* p = memory() + i * e.bytes_each;
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

struct Shape {
  int64_t rows, cols;
};

// In integers where `integer`, else in float32.
void bench_matmul(benchmark::State& state, const KernelTable* table, FormatId id, bool integer, Shape shape,
                  int64_t tokens, int threads) {
  const Experts e = experts(id, shape.rows, shape.cols, tokens <= 4 ? 512 : 16);
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

// Heads of one token over a block of rows in the cache.
void bench_attention(benchmark::State& state, const KernelTable* table, kernels::KvFormat kv, int64_t head_dim,
                     int64_t heads) {
  constexpr int64_t kRows = kernels::kAttentionRows;
  const int64_t row_bytes = kernels::kv_row_bytes(kv, head_dim);
  const std::vector<float> q(static_cast<size_t>(head_dim * heads), 0.1F);
  std::vector<std::byte> keys(static_cast<size_t>(row_bytes * kRows)), values(keys.size());
  for (int64_t p = 0; p < kRows; ++p) {
    kernels::kv_encode(kv, q.data(), head_dim, keys.data() + p * row_bytes);
    kernels::kv_encode(kv, q.data(), head_dim, values.data() + p * row_bytes);
  }
  std::vector<float> scratch(static_cast<size_t>(heads * kRows + head_dim));
  std::vector<float> parts(static_cast<size_t>(heads * (head_dim + 2)));
  for (auto _ : state) {
    table->attention({.q = q.data(),
                      .q_token = 0,
                      .q_head = head_dim,
                      .tokens = 1,
                      .heads = heads,
                      .keys = keys.data(),
                      .values = values.data(),
                      .row_stride = row_bytes,
                      .kv = kv,
                      .rows = kRows,
                      .seen = kRows,
                      .head_dim = head_dim,
                      .scale = 0.1F,
                      .scratch = scratch.data(),
                      .parts = parts.data(),
                      .part_stride = head_dim + 2});
    benchmark::ClobberMemory();
  }
  count(state, static_cast<double>(2 * row_bytes * kRows), static_cast<double>(2 * head_dim * kRows * heads));
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

std::vector<int> thread_counts() {
  if (cpu_count() == 1) return {1};
  return {1, cpu_count()};
}

void register_matmul(const std::string& set, const KernelTable* table, const quant::Format& format) {
  if (format.id == FormatId::fp8_e4m3) return;
  for (const Shape shape : {Shape{512, 2048}, Shape{2048, 512}}) {
    for (const int64_t tokens : {1, 2, 3, 4, 8, 16, 64, 256}) {
      for (const int threads : thread_counts()) {
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

void register_limits() {
  for (const int threads : thread_counts()) {
    const std::string rest = "/" + std::to_string(threads);
    benchmark::RegisterBenchmark(("read" + rest).c_str(), [threads](benchmark::State& state) {
      fill_memory(FormatId::f32, 0, 0);
      bench::read_sweep(state, {memory(), kBytes}, threads);
    })->UseRealTime();
#if defined(__x86_64__)
    if (!kernels::select("avx512_vnni").ok()) continue;
    benchmark::RegisterBenchmark(("vnni_peak" + rest).c_str(), bench::vnni_peak, threads)->UseRealTime();
#endif
  }
}

void register_all() {
  register_limits();
  for (const auto& set : kernels::instruction_sets()) {
    const auto selected = kernels::select(set.name);
    if (!selected.ok()) continue;
    const KernelTable* table = selected.value();
    const std::string name(set.name);
    for (const auto& format : quant::formats()) register_matmul(name, table, format);
    for (const int64_t dim : {64, 128, 256}) {
      for (const int64_t heads : {1, 8}) {
        for (const auto kv : {kernels::KvFormat::f32, kernels::KvFormat::f16, kernels::KvFormat::q8}) {
          const std::string what = "attention/" + name + "/" + std::string(kernels::kKvFormatNames[static_cast<size_t>(kv)]) +
                                   "/" + std::to_string(dim) + "/" + std::to_string(heads);
          benchmark::RegisterBenchmark(what.c_str(), bench_attention, table, kv, dim, heads);
        }
      }
    }
    for (const int64_t heads : {1, 1024}) {  // one state in the cache; more states than the caches hold
      for (const int64_t tokens : {1, 4, 64}) {
        const std::string what = "delta_rule/" + name + "/" + std::to_string(heads) + "/" + std::to_string(tokens);
        benchmark::RegisterBenchmark(what.c_str(), bench_delta_rule, table, heads, tokens);
      }
    }
    benchmark::RegisterBenchmark(("swiglu/" + name).c_str(), bench_swiglu, table);
  }
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  const std::string filter = benchmark::GetBenchmarkFilter();
  // A figure means little without what bounded it in the same minute.
  if (!filter.empty() && filter != "all" && filter.front() != '-') benchmark::SetBenchmarkFilter("^read/|^vnni_peak/|" + filter);
  sluice::register_all();
  benchmark::RunSpecifiedBenchmarks();
}
