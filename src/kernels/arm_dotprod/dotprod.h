// Integer products for 64-bit ARM processors that have the dot product instructions (ARMv8.2), on top of NEON's kernels.
#pragma once

#include "kernels/kernel_table.h"

namespace sluice::kernels::dotprod {

// Whether this machine runs them. Defined in cpu_features.cc, which is built for any processor.
bool supported();

// Overwrites the slots of `table` that this set does better. REQUIRES: supported().
void fill(KernelTable& table);

}  // namespace sluice::kernels::dotprod
