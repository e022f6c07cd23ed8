// Integer products for 64-bit ARM processors that have the 8-bit matrix instructions (ARMv8.6), on top of NEON's kernels.
#pragma once

#include "kernels/kernel_table.h"

namespace sluice::kernels::i8mm {

// Whether this machine runs them. Defined in cpu_features.cc, which is built for any processor.
bool supported();

// Overwrites the slots of `table` that this set does better. REQUIRES: supported().
void fill(KernelTable& table);

}  // namespace sluice::kernels::i8mm
