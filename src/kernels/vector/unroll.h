// Loop unrolling by template, and the inlining mark of the vector kernels.
//
// Everything under src/kernels/vector and src/kernels/x86 is compiled once per instruction set with that set's flags, so
// all of it stands in unnamed namespaces: a function with external linkage here would be one weak symbol that the linker could hand to a
// processor that cannot run it (tests/lint/isa_objects.py). For the same reason: no std:: templates, no inline
// functions of shared headers.
#pragma once

#include <cstdint>

#define SLUICE_INLINE inline __attribute__((always_inline))
#define SLUICE_LAMBDA __attribute__((always_inline))

namespace sluice::kernels {
namespace {

template <int N>
struct Index {
  static constexpr int value = N;
};

// Asks for the line at p, here: compilers move __builtin_prefetch over arithmetic and gather several in one place, where
// they fill the queue of misses and stall.
SLUICE_INLINE void prefetch_here(const uint8_t* p) {
#if defined(__x86_64__)
  asm volatile("prefetcht0 %0" : : "m"(*p));
#elif defined(__aarch64__)
  asm volatile("prfm pldl1keep, %0" : : "Q"(*p));
#else
  __builtin_prefetch(p, 0, 3);
#endif
}

// Asks for the line at p and for the one kAgain bytes on, so that who walks over memory asks for every line twice: a
// processor drops what it is asked for while its queue of misses is full.
constexpr int64_t kAgain = 4096;
SLUICE_INLINE void prefetch_twice(const uint8_t* p) {
  prefetch_here(p);
  prefetch_here(p + kAgain);
}

// f(Index<0>), f(Index<1>), ... f(Index<N - 1>): indices are constants, so arrays of registers stay registers.
template <int N, class F>
SLUICE_INLINE void unroll(F&& f) {
  if constexpr (N > 0) {
    unroll<N - 1>(f);
    f(Index<N - 1>{});
  }
}

}  // namespace
}  // namespace sluice::kernels
