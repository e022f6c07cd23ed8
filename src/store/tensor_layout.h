// Sizes of tensors' parts and their places in files, computed with every product checked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "store/model_files.h"

namespace sluice::store {

inline constexpr size_t kMaxRank = 8;

std::optional<uint64_t> checked_multiply(uint64_t a, uint64_t b);

// Elements of `shape` (1 for a scalar); nullopt: a negative dimension, or more than fit int64.
std::optional<int64_t> element_count(std::span<const int64_t> shape);

// "[512, 1024, 64]".
std::string shape_text(std::span<const int64_t> shape);

struct PartBytes {
  uint64_t data = 0, scales = 0, biases = 0;
};

// The bytes that format, shape and groups of `tensor` ask for, whatever its extents say.
// Errors: unsupported (unknown format), corrupt (a dimension contradicts the format), naming the tensor.
Result<PartBytes> part_bytes(const Tensor& tensor);

struct PlacedName {
  uint64_t offset;
  uint64_t bytes;  // 0: unknown or none
  std::string_view name;
};

// Errors: corrupt, when two of the pieces share a byte; names both.
Status check_overlaps(std::string_view path, std::vector<PlacedName> pieces);

// Sorts by name. Errors: corrupt, when a name comes twice.
Status sort_tensors(std::string_view path, std::vector<Tensor>& tensors);

}  // namespace sluice::store
