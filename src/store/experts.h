// Parts of tensors as tensors: one expert of a stack, a range of rows. Only places are computed, nothing is read.
#pragma once

#include <cstdint>

#include "sluice/status.h"
#include "store/model_files.h"

namespace sluice::store {

// Expert `expert` of [experts, ...]: the same tensor without its first dimension, its data, scales and biases being
// that expert's slices, contiguous each.
// Errors: invalid (no such expert, fewer than two dimensions), unsupported (unknown format), corrupt (parts that do not
// have the size of the shape), naming the tensor.
Result<Tensor> slice_expert(const Tensor& stacked, int64_t expert);

// Rows [begin, begin + count) of a [rows, cols] tensor; of a fused gate_up, gate is the first half, up the second.
// `begin` must be a multiple of group_rows. Errors: as slice_expert.
Result<Tensor> slice_rows(const Tensor& tensor, int64_t begin, int64_t count);

}  // namespace sluice::store
