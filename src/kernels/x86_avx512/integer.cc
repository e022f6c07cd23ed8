#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC bug 105593: its own AVX-512 intrinsics trip these
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "kernels/vector/fill_integer.h"

#include "kernels/x86/pair_product.h"
#include "kernels/x86_avx512/avx512.h"
#include "kernels/x86_avx512/integer_vec.h"

void sluice::kernels::avx512::fill_integer(KernelTable& table) {
  using Product = PairProduct<IntegerVec>;
  kernels::fill_integer<IntegerVec, Product>(table, quantise<Product::Order>, quantise<Product::Order, kCoarseUnit>);
}
