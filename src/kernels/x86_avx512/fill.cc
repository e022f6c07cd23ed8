// All slots: the templates of src/kernels/vector and x86 for this set's vectors.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC bug 105593: its own AVX-512 intrinsics trip these
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "kernels/x86/fill.h"

#include "kernels/x86_avx512/avx512.h"
#include "kernels/x86_avx512/vec.h"

void sluice::kernels::avx512::fill(KernelTable& table) {
  table.name = {"avx512", sizeof("avx512") - 1};
  fill_matmul<Vec>(table);
  fill_rest<Vec>(table);
  fill_integer(table);
}
