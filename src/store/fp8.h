// FP8 weights with block scales: X (F8_E4M3) and X_scale_inv become one Tensor named X.
#pragma once

#include <vector>

#include "sluice/status.h"
#include "store/model_files.h"
#include "store/safetensors.h"

namespace sluice::store {

// Takes every F8_E4M3 tensor, with its scales where it has some, and appends what they make. The block is
// quantization_config.weight_block_size, 128 x 128 where absent. Without scales the weight stands for itself; scales of
// another kind (X_scale, one for the whole tensor) are appended with format_known = false.
// Errors: corrupt, naming the tensor.
Status join_fp8(RawTable& raw, const Metadata& config, std::vector<Tensor>& out);

}  // namespace sluice::store
