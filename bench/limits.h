// What no kernel can beat on this machine, measured like the kernels: how fast memory is read, how fast the processor
// multiplies. Each benchmark takes its threads from the same kind of pool as the kernels.
#pragma once

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sluice::bench {

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
  // f(thread, threads) on each.
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

// GB/s and GMAC/s, from the bytes and the products of one iteration.
inline void count(benchmark::State& state, double bytes, double macs) {
  const auto n = static_cast<double>(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(bytes * n / 1e9, benchmark::Counter::kIsRate);
  state.counters["GMAC/s"] = benchmark::Counter(macs * n / 1e9, benchmark::Counter::kIsRate);
}

// Sums 64-bit words in eight chains: the most that a kernel which only read its weights could do.
inline void read_sweep(benchmark::State& state, std::span<const std::byte> memory, int threads) {
  const size_t words = memory.size() / 8;
  const auto* p = reinterpret_cast<const uint64_t*>(memory.data());
  std::atomic<uint64_t> total{0};
  Spinners pool(threads);
  for (auto _ : state) {
    pool.run([&](int i, int n) {
      uint64_t sum[8] = {};
      const size_t each = words / static_cast<size_t>(n) / 8 * 8, begin = each * static_cast<size_t>(i);
      for (size_t j = begin; j < begin + each; j += 8) {
        for (size_t k = 0; k < 8; ++k) sum[k] += p[j + k];
      }
      total += std::accumulate(sum, sum + 8, uint64_t{0});
    });
  }
  benchmark::DoNotOptimize(total.load());
  count(state, static_cast<double>(memory.size()), 0);
}

#if defined(__x86_64__)
constexpr int64_t kPeakRounds = 20000;
constexpr int64_t kPeakChains = 16;  // more than latency times instructions a cycle

// VPDPBUSD and nothing else, kPeakRounds * kPeakChains of it.
__attribute__((target("avx512f,avx512vnni"), noinline)) inline void multiply_bytes() {
  __m512i sum[kPeakChains] = {};
  __m512i w = _mm512_set1_epi32(0x01020304), x = w;
  for (__m512i& s : sum) asm volatile("" : "+v"(s));  // else the compiler sees that all are equal and keeps one
  for (int64_t i = 0; i < kPeakRounds; ++i) {
    asm volatile("" : "+v"(w), "+v"(x));
    for (__m512i& s : sum) s = _mm512_dpbusd_epi32(s, w, x);
  }
  for (__m512i& s : sum) asm volatile("" : "+v"(s));
}

// Products of 8-bit weights and 16-bit activations, as kernels/integer.h has them: two VPDPBUSD for 64 of them.
// REQUIRES: AVX-512 VNNI.
inline void vnni_peak(benchmark::State& state, int threads) {
  Spinners pool(threads);
  for (auto _ : state) pool.run([](int, int) { multiply_bytes(); });
  count(state, 0, static_cast<double>(threads * kPeakRounds * kPeakChains) * 64 / 2);
}
#endif

}  // namespace sluice::bench
