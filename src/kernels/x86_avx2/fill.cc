// All slots: the templates of src/kernels/vector and x86 for this set's vectors.
#include "kernels/x86/fill.h"

#include "kernels/x86_avx2/avx2.h"
#include "kernels/x86_avx2/vec.h"

void sluice::kernels::avx2::fill(KernelTable& table) {
  table.name = {"avx2", sizeof("avx2") - 1};
  fill_matmul<Vec>(table);
  fill_rest<Vec>(table);
  fill_integer(table);
}
