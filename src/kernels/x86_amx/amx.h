// Integer products of prompts for processors that also have AMX with 8-bit integers, on top of AVX-512 VNNI's kernels.
#pragma once

#include "kernels/kernel_table.h"

namespace sluice::kernels::amx {

// Whether this machine runs them; asks the system for the right to use the tile registers. Defined in cpu_features.cc,
// which is built for any processor.
bool supported();

// Overwrites the slots of `table` that this set does better. REQUIRES: supported().
void fill(KernelTable& table);
void fill_coarse(KernelTable& table);  // of them, those for coarse activations

}  // namespace sluice::kernels::amx
