// How long the two sequence steps take, Gated DeltaNet and attention, on the device of the engine with heads of
// Qwen3.5-35B-A3B's shape and a hidden size so small that the projections around them cost next to nothing. GB/s: of
// state read and written, of KV rows read; beside a plain read of memory in the same run.
// Names: delta_net/SET/tokens/threads, attention/SET/KV/position/tokens/threads, read/threads. The clock is the wall's.
//   steps_bench --benchmark_filter='read|attention/avx512/.*/32768/1/2'
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/ram_rate.h"
#include "base/threads.h"
#include "device/cpu/cpu_device.h"
#include "device/cpu/workspace.h"
#include "device/state.h"
#include "kernels/kernel_table.h"
#include "model/plan.h"
#include "model/trunk.h"

namespace sluice {
namespace {

constexpr int32_t kHidden = 32;
constexpr int32_t kRecurrentLayers = 30, kAttentionLayers = 3;

// The plan, with no experts, and random weights for its steps, which all layers share.
struct Model {
  model::Plan plan;
  model::Trunk trunk;
  std::vector<float> weights;
  model::DeltaNet delta{};
  model::Attention attention{};

  Model() {
    plan.hidden = kHidden;
    plan.recurrent_layers = kRecurrentLayers;
    plan.attention_layers = kAttentionLayers;
    plan.kv_heads = 2;
    plan.head_dim = 256;
    plan.conv_kernel = 4;
    plan.v_heads = 32;
    plan.dk = plan.dv = 128;
    plan.conv_channels = 2 * 16 * 128 + 32 * 128;
    plan.inv_freq.assign(32, 0.01F);
    weights.resize(size_t{8192} * kHidden);
    std::mt19937 random(7);
    std::uniform_real_distribution<float> draw(-0.1F, 0.1F);
    for (float& w : weights) w = draw(random);
    delta = {.qkv = matrix(plan.conv_channels, kHidden),
             .z = matrix(4096, kHidden),
             .beta = matrix(32, kHidden),
             .alpha = matrix(32, kHidden),
             .out = matrix(kHidden, 4096),
             .conv = vector(4 * plan.conv_channels),
             .a = vector(32),
             .dt_bias = vector(32),
             .norm = vector(128),
             .k_heads = 16,
             .v_heads = 32,
             .dk = 128,
             .dv = 128,
             .kernel = 4,
             .tiled = false,
             .eps = 1e-6F,
             .state_index = 0};
    for (float& a : trunk.vectors[static_cast<size_t>(delta.a)]) a = -std::abs(a);  // a decay is at most 1
    attention = {.q = matrix(2 * 16 * 256, kHidden),
                 .k = matrix(512, kHidden),
                 .v = matrix(512, kHidden),
                 .o = matrix(kHidden, 4096),
                 .q_norm = vector(256),
                 .k_norm = vector(256),
                 .heads = 16,
                 .kv_heads = 2,
                 .head_dim = 256,
                 .rotary_dims = 64,
                 .gated = true,
                 .eps = 1e-6F,
                 .kv_index = 0};
    plan.steps = {{delta, 0}, {attention, 0}};
  }

 private:
  model::MatrixId matrix(int64_t rows, int64_t cols) {
    quant::Matrix m{.format = quant::FormatId::f32, .rows = rows, .cols = cols};
    m.data = reinterpret_cast<const std::byte*>(weights.data());
    trunk.matrices.push_back(m);
    return static_cast<model::MatrixId>(trunk.matrices.size() - 1);
  }
  model::VectorId vector(int64_t size) {
    trunk.vectors.emplace_back(weights.begin(), weights.begin() + size);
    return static_cast<model::VectorId>(trunk.vectors.size() - 1);
  }
};

void count(benchmark::State& state, double bytes, double tokens) {
  const auto n = static_cast<double>(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(bytes * n / 1e9, benchmark::Counter::kIsRate);
  state.counters["us/token"] = benchmark::Counter(tokens * n * 1e-6, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

struct Setting {
  const kernels::KernelTable* table;
  kernels::KvFormat kv;
  int64_t position, tokens;
  int threads;
};

class Bench {
 public:
  explicit Bench(const Setting& s)
      : pool_(s.threads),
        state_(device::make_state(model_.plan, s.position + s.tokens, s.kv).value()),
        device_(model_.plan, model_.trunk, *s.table, pool_,
                device::make_workspace(model_.plan, s.tokens, s.position + s.tokens, s.threads).value()),
        tokens_(static_cast<size_t>(s.tokens)) {
    fill(s);
    state_.position = s.position;
    std::mt19937 random(9);
    std::uniform_real_distribution<float> draw(-1, 1);
    float* normed = device_.workspace().normed;
    for (int64_t i = 0; i < s.tokens * kHidden; ++i) normed[i] = draw(random);
  }
  void run(const model::Step& step) {
    const device::Part part{&state_, 0, static_cast<int64_t>(tokens_.size())};
    const device::Chunk chunk{tokens_, {&part, 1}, nullptr, 0, nullptr};
    benchmark::DoNotOptimize(device_.run(step, chunk).ok());
  }
  const Model& model() const { return model_; }

 private:
  // Recurrent states of moderate floats, KV rows of such floats in their format.
  void fill(const Setting& s) {
    std::mt19937 random(8);
    std::uniform_real_distribution<float> draw(-1, 1);
    const model::Plan& plan = model_.plan;
    for (float* state : state_.recurrent) std::generate_n(state, plan.v_heads * plan.dk * plan.dv, [&] { return draw(random); });
    constexpr int64_t kRows = 128;
    const int64_t bytes = kernels::kv_row_bytes(s.kv, plan.head_dim);
    std::vector<std::byte> rows(static_cast<size_t>(kRows * bytes));
    std::vector<float> row(static_cast<size_t>(plan.head_dim));
    for (int64_t i = 0; i < kRows; ++i) {
      for (float& x : row) x = draw(random);
      kernels::kv_encode(s.kv, row.data(), plan.head_dim, rows.data() + i * bytes);
    }
    for (const auto* layers : {&state_.keys, &state_.values}) {
      for (std::byte* layer : *layers) {
        for (int64_t i = 0; i < plan.kv_heads * state_.capacity; ++i) {
          std::memcpy(layer + i * bytes, rows.data() + i % kRows * bytes, static_cast<size_t>(bytes));
        }
      }
    }
  }
  Model model_;
  ThreadPool pool_;
  device::State state_;
  device::CpuDevice device_;
  std::vector<int32_t> tokens_;
};

// All recurrent layers, one after the other, as a token or a chunk passes them.
void bench_delta_net(benchmark::State& state, const Setting& setting) {
  Bench bench(setting);
  model::DeltaNet step = bench.model().delta;
  for (auto _ : state) {
    for (step.state_index = 0; step.state_index < kRecurrentLayers; ++step.state_index) bench.run({step, 0});
  }
  const double floats = kRecurrentLayers * (32.0 * 128 * 128 + 3 * 8192);
  count(state, 2 * floats * sizeof(float), static_cast<double>(setting.tokens));
}

void bench_attention(benchmark::State& state, const Setting& setting) {
  Bench bench(setting);
  model::Attention step = bench.model().attention;
  for (auto _ : state) {
    for (step.kv_index = 0; step.kv_index < kAttentionLayers; ++step.kv_index) bench.run({step, 0});
  }
  const double rows = static_cast<double>(setting.position + setting.tokens);
  const double head_rows = 2 * 2 * rows * kAttentionLayers;  // keys and values of two KV heads
  count(state, head_rows * static_cast<double>(kernels::kv_row_bytes(setting.kv, 256)), static_cast<double>(setting.tokens));
}

void bench_read(benchmark::State& state, int threads) {
  constexpr uint64_t kBytes = uint64_t{288} << 20;
  double gb_s = 0;
  for (auto _ : state) gb_s = measure_ram(threads, kBytes, 0.3).value().gb_s;
  state.counters["GB/s"] = gb_s;
}

void add(const std::string& step, void (*bench)(benchmark::State&, const Setting&), const Setting& s) {
  const auto kv = std::string(kernels::kKvFormatNames[static_cast<size_t>(s.kv)]);
  const std::string rows = step == "attention" ? kv + "/" + std::to_string(s.position) + "/" : "";
  const std::string name = step + "/" + std::string(s.table->name) + "/" + rows + std::to_string(s.tokens) + "/" +
                           std::to_string(s.threads);
  benchmark::RegisterBenchmark(name.c_str(), bench, s)->UseRealTime()->Unit(benchmark::kMicrosecond);
}

void add_set(const kernels::KernelTable* table, int threads) {
  using kernels::KvFormat;
  for (const int64_t tokens : {1, 4, 64, 512}) add("delta_net", bench_delta_net, {table, KvFormat::f32, 0, tokens, threads});
  for (const KvFormat kv : {KvFormat::f32, KvFormat::f16, KvFormat::q8}) {
    for (const int64_t position : {200, 4096, 32768}) {
      for (const int64_t tokens : {1, 4, 64, 512}) add("attention", bench_attention, {table, kv, position, tokens, threads});
    }
  }
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const int threads : {1, 2}) {
    benchmark::RegisterBenchmark(("read/" + std::to_string(threads)).c_str(), bench_read, threads)->Iterations(1);
  }
  for (const auto& set : kernels::instruction_sets()) {
    const auto table = kernels::select(set.name);
    if (!table.ok()) continue;
    for (const int threads : {1, 2}) add_set(table.value(), threads);
  }
  return true;
}();

}  // namespace
}  // namespace sluice
