// The integer products; the rest is AVX-512's.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC bug 105593: its own AVX-512 intrinsics trip these
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "kernels/vector/fill_integer.h"

#include "kernels/x86_avx512_vnni/avx512_vnni.h"
#include "kernels/x86_avx512_vnni/byte_product.h"

namespace sluice::kernels::avx512_vnni {
void fill(KernelTable& table) {
  table.name = {"avx512_vnni", sizeof("avx512_vnni") - 1};
  fill_integer<avx512::IntegerVec, ByteProduct>(table, quantise<ByteProduct::Order>, quantise<ByteProduct::Order, kCoarseUnit>);
  fill_coarse(table);
}

}  // namespace sluice::kernels::avx512_vnni
