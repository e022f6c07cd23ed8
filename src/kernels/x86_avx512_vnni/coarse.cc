// The integer products with coarse activations.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC bug 105593: its own AVX-512 intrinsics trip these
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "kernels/vector/fill_integer.h"

#include "kernels/x86_avx512_vnni/avx512_vnni.h"
#include "kernels/x86_avx512_vnni/byte_product.h"

void sluice::kernels::avx512_vnni::fill_coarse(KernelTable& table) {
  fill_products<avx512::IntegerVec, UpperByteProduct>(table.coarse_matmul.data());
}
