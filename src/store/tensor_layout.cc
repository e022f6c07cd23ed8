#include "store/tensor_layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "store/names.h"

namespace sluice::store {
namespace {

// The last two dimensions, and how many such matrices there are; a vector is one row.
struct Stack {
  uint64_t matrices = 1, rows = 1, cols = 1;
};

std::optional<Stack> stack_of(std::span<const int64_t> shape) {
  if (!element_count(shape)) return std::nullopt;
  Stack stack;
  if (!shape.empty()) stack.cols = static_cast<uint64_t>(shape.back());
  if (shape.size() >= 2) {
    stack.rows = static_cast<uint64_t>(shape[shape.size() - 2]);
    stack.matrices = static_cast<uint64_t>(*element_count(shape.first(shape.size() - 2)));
  }
  return stack;
}

std::optional<uint64_t> product(std::initializer_list<uint64_t> factors) {
  std::optional<uint64_t> out = 1;
  for (const uint64_t factor : factors) {
    if (out) out = checked_multiply(*out, factor);
  }
  return out;
}

uint64_t ceil_divide(uint64_t a, uint64_t b) {
  return a / b + (a % b != 0);
}

}  // namespace

std::optional<uint64_t> checked_multiply(uint64_t a, uint64_t b) {
  uint64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}

std::optional<int64_t> element_count(std::span<const int64_t> shape) {
  int64_t count = 1;
  bool zero = false;
  for (const int64_t n : shape) {
    if (n < 0) return std::nullopt;
    zero |= n == 0;
    if (n != 0 && __builtin_mul_overflow(count, n, &count)) return std::nullopt;
  }
  return zero ? 0 : count;
}

std::string shape_text(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Result<PartBytes> part_bytes(const Tensor& tensor) {
  if (!tensor.format_known) {
    return Error{Code::unsupported,
                 fmt::format("{}: format {} is not supported", shown(tensor.name), shown(tensor.format_name))};
  }
  const Error bad{Code::corrupt, fmt::format("{}: shape {} does not fit format {}", shown(tensor.name),
                                             shape_text(tensor.shape), tensor.format_name)};
  const std::optional<Stack> stack = stack_of(tensor.shape);
  const quant::Format& format = quant::format(tensor.format);
  const auto block = static_cast<uint64_t>(format.block);
  if (!stack || stack->cols == 0 || stack->cols % block != 0) return bad;
  PartBytes out;
  const auto data =
      product({stack->matrices, stack->rows, stack->cols / block, static_cast<uint64_t>(format.block_bytes)});
  if (!data) return bad;
  out.data = *data;
  // FP8 alone may go without scales.
  if (tensor.scale_type == quant::ScaleType::none) {
    if (format.side_arrays && tensor.format != quant::FormatId::fp8_e4m3) return bad;
    return out;
  }
  if (!format.side_arrays || tensor.group <= 0 || tensor.group_rows <= 0) return bad;
  if (tensor.group % format.block != 0) return bad;  // decoders begin every group with a whole block
  if (tensor.group_rows != 1 && tensor.format != quant::FormatId::fp8_e4m3) return bad;
  const auto scales = product({stack->matrices, ceil_divide(stack->rows, static_cast<uint64_t>(tensor.group_rows)),
                               ceil_divide(stack->cols, static_cast<uint64_t>(tensor.group)),
                               static_cast<uint64_t>(quant::scale_bytes(tensor.scale_type))});
  if (!scales) return bad;
  out.scales = *scales;
  if (tensor.format != quant::FormatId::fp8_e4m3) out.biases = *scales;
  return out;
}

Status check_overlaps(std::string_view path, std::vector<PlacedName> pieces) {
  std::sort(pieces.begin(), pieces.end(), [](const PlacedName& a, const PlacedName& b) {
    return std::tie(a.offset, a.bytes, a.name) < std::tie(b.offset, b.bytes, b.name);
  });
  uint64_t end = 0;
  std::string_view last;
  for (const PlacedName& piece : pieces) {
    if (piece.offset < end) {
      return Error{Code::corrupt, fmt::format("{}: tensors {} and {} overlap at offset {}", path, shown(last),
                                              shown(piece.name), piece.offset)};
    }
    if (piece.bytes == 0) continue;
    end = piece.offset + piece.bytes;
    last = piece.name;
  }
  return {};
}

Status sort_tensors(std::string_view path, std::vector<Tensor>& tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const Tensor& a, const Tensor& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(tensors.begin(), tensors.end(),
                                        [](const Tensor& a, const Tensor& b) { return a.name == b.name; });
  if (twice == tensors.end()) return {};
  return Error{Code::corrupt, fmt::format("{}: tensor {} is listed twice", path, shown(twice->name))};
}

}  // namespace sluice::store
