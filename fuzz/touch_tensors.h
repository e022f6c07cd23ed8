// What a caller does with tensors of an opened model, at small sizes: find, slice, load.
#pragma once

#include <cstdint>
#include <vector>

#include "store/experts.h"
#include "store/load.h"
#include "store/model_files.h"

namespace sluice::fuzz {

inline void require(bool condition) {
  if (!condition) __builtin_trap();
}

inline void load_small(const store::ModelFiles& model, const store::Tensor& tensor) {
  if (tensor.elements() > 65536) return;
  const auto values = store::load_vector(model, tensor);
  if (values.ok()) require(static_cast<int64_t>(values->size()) == tensor.elements());
}

inline void touch_tensors(const store::ModelFiles& model) {
  for (const store::Tensor& tensor : model.tensors) {
    require(model.find(tensor.name) != nullptr);
    for (const store::Extent& part : {tensor.data, tensor.scales, tensor.biases}) {
      if (part.bytes == 0) continue;
      const uint64_t size = model.files.at(static_cast<size_t>(part.file)).size();
      require(part.offset <= size && part.bytes <= size - part.offset);
      if (part.stride == 0) continue;
      const auto slices = static_cast<uint64_t>(tensor.shape.at(0));
      require((slices - 1) * part.stride + part.bytes / slices <= size - part.offset);
    }
    load_small(model, tensor);
    if (tensor.shape.empty()) continue;
    for (const int64_t e : {int64_t{0}, tensor.shape[0] - 1, tensor.shape[0]}) {
      const auto expert = store::slice_expert(tensor, e);
      if (!expert.ok()) continue;
      load_small(model, *expert);
      if (expert->shape.size() != 2) continue;
      const int64_t half = expert->shape[0] / 2;
      const auto rows = store::slice_rows(*expert, half, expert->shape[0] - half);
      if (rows.ok()) load_small(model, *rows);
    }
  }
}

}  // namespace sluice::fuzz
