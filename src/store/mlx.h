// MLX affine quantisation: X.weight (U32), X.scales and X.biases become one Tensor named X.weight.
#pragma once

#include <vector>

#include "sluice/status.h"
#include "store/model_files.h"
#include "store/safetensors.h"

namespace sluice::store {

// Takes every X.weight of dtype U32 that has X.scales, with its companions, and appends what they make. Bits and group
// come from `config` ("quantization", defaults and overrides by module path) and must agree with the shapes. Modes
// other than affine, and groups other than 32, 64, 128, are appended with format_known = false.
// Errors: corrupt, naming the tensor.
Status join_mlx(RawTable& raw, const Metadata& config, std::vector<Tensor>& out);

// Whether the model was written by MLX: `format` is a shard's __metadata__.format.
bool written_by_mlx(std::string_view format, const Metadata& config, RawTable& raw);

}  // namespace sluice::store
