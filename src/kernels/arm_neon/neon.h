// The kernels for 64-bit ARM processors, all of which have NEON with fused multiply-add.
#pragma once

#include "kernels/kernel_table.h"

namespace sluice::kernels::neon {

bool supported();  // true on 64-bit ARM

// Overwrites the slots of `table` that this set does better. REQUIRES: supported().
void fill(KernelTable& table);
void fill_integer(KernelTable& table);  // its part in a file of its own: the integer products

}  // namespace sluice::kernels::neon
