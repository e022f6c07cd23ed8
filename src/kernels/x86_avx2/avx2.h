// The kernels for processors with AVX2, FMA and F16C.
#pragma once

#include "kernels/kernel_table.h"

namespace sluice::kernels::avx2 {

// Whether this machine runs them. Defined in cpu_features.cc, which is built for any processor.
bool supported();

// Overwrites the slots of `table` that this set does better. REQUIRES: supported().
void fill(KernelTable& table);
void fill_integer(KernelTable& table);  // its part in a file of its own: the integer products

}  // namespace sluice::kernels::avx2
