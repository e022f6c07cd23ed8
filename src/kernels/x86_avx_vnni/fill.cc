// The integer products; the rest is AVX2's.
#include "kernels/vector/fill_integer.h"

#include "kernels/x86_avx_vnni/avx_vnni.h"
#include "kernels/x86_avx_vnni/byte_product.h"

void sluice::kernels::avx_vnni::fill(KernelTable& table) {
  table.name = {"avx_vnni", sizeof("avx_vnni") - 1};
  fill_integer<avx2::IntegerVec, ByteProduct>(table, quantise<ByteProduct::Order>, quantise<ByteProduct::Order, kCoarseUnit>);
  fill_coarse(table);
}
