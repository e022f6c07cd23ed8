#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC bug 105593: its own AVX-512 intrinsics trip these
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "kernels/vector/fill_integer.h"

#include "kernels/x86/pair_product.h"
#include "kernels/x86_avx512/avx512.h"
#include "kernels/x86_avx512/integer_vec.h"

void sluice::kernels::avx512::fill_integer(KernelTable& table) {
  kernels::fill_integer<IntegerVec, PairProduct<IntegerVec>>(table, quantise<PairProduct<IntegerVec>::Order>);
}
