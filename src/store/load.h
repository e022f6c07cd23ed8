// Tensors into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "quant/format.h"
#include "sluice/status.h"
#include "store/model_files.h"

namespace sluice::store {

inline constexpr uint64_t kPartAlignment = 64;

// Where the parts of a tensor stand in memory, each at a multiple of kPartAlignment.
struct LoadedLayout {
  uint64_t data = 0, scales = 0, biases = 0;  // offsets
  uint64_t bytes = 0;                         // of all, a multiple of kPartAlignment
};
LoadedLayout loaded_layout(const Tensor& tensor);

// The bytes load_matrix needs.
uint64_t loaded_bytes(const Tensor& tensor);

// The tensor as a matrix over `dst`, where its parts stand (or will stand) as loaded_layout says. Dimensions before the
// last are rows, a vector is one row.
// Errors: unsupported (unknown format; stacked FP8 whose blocks do not end with the matrix), corrupt (parts that do not
// have the size of the shape), naming the tensor.
Result<quant::Matrix> matrix_over(const Tensor& tensor, const std::byte* dst);

// Reads data, scales and biases into dst and returns the matrix over them. `dst` may have any alignment.
// Errors: as matrix_over; over_budget (capacity below loaded_bytes), io; the tensor's name in front.
Result<quant::Matrix> load_matrix(const ModelFiles& model, const Tensor& tensor, std::byte* dst, uint64_t capacity);

// All elements as float32, in order. Errors: as load_matrix.
Result<std::vector<float>> load_vector(const ModelFiles& model, const Tensor& tensor);

}  // namespace sluice::store
