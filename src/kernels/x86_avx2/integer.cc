#include "kernels/vector/fill_integer.h"

#include "kernels/x86/pair_product.h"
#include "kernels/x86_avx2/avx2.h"
#include "kernels/x86_avx2/integer_vec.h"

void sluice::kernels::avx2::fill_integer(KernelTable& table) {
  kernels::fill_integer<IntegerVec, PairProduct<IntegerVec>>(table, quantise<PairProduct<IntegerVec>::Order>);
}
