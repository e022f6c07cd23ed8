// Integer products for processors that have VNNI and no AVX-512 (Intel's since Alder Lake, 2021), on top of AVX2's kernels.
#pragma once

#include "kernels/kernel_table.h"

namespace sluice::kernels::avx_vnni {

// Whether this machine runs them. Defined in cpu_features.cc, which is built for any processor.
bool supported();

// Overwrites the slots of `table` that this set does better. REQUIRES: supported().
void fill(KernelTable& table);
void fill_coarse(KernelTable& table);  // of them, those for coarse activations

}  // namespace sluice::kernels::avx_vnni
