// The integer products with coarse activations.
#include "kernels/vector/fill_integer.h"

#include "kernels/x86_avx_vnni/avx_vnni.h"
#include "kernels/x86_avx_vnni/byte_product.h"

void sluice::kernels::avx_vnni::fill_coarse(KernelTable& table) {
  fill_products<avx2::IntegerVec, UpperByteProduct>(table.coarse_matmul.data());
}
