#include "kernels/vector/fill_integer.h"

#include "kernels/x86/pair_product.h"
#include "kernels/x86_avx2/avx2.h"
#include "kernels/x86_avx2/integer_vec.h"

void sluice::kernels::avx2::fill_integer(KernelTable& table) {
  using Product = PairProduct<IntegerVec>;
  kernels::fill_integer<IntegerVec, Product>(table, quantise<Product::Order>, quantise<Product::Order, kCoarseUnit>);
}
