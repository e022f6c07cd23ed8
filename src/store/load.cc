#include "store/load.h"

#include <fmt/format.h>

#include <limits>
#include <span>

#include "store/names.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

// The end of a part that starts at `begin`, rounded up; saturates, and no capacity is as large as that.
uint64_t padded_end(uint64_t begin, uint64_t bytes) {
  uint64_t end = 0;
  if (__builtin_add_overflow(begin, bytes, &end) || __builtin_add_overflow(end, kPartAlignment - 1, &end)) {
    return std::numeric_limits<uint64_t>::max() / kPartAlignment * kPartAlignment;
  }
  return end / kPartAlignment * kPartAlignment;
}

Status read_part(const ModelFiles& model, const Tensor& tensor, const Extent& extent, std::byte* dst) {
  if (extent.bytes == 0) return {};
  if (extent.file < 0 || static_cast<size_t>(extent.file) >= model.files.size()) {
    return Error{Code::invalid, fmt::format("no file {} in {}", extent.file, model.path)};
  }
  const io::File& file = model.files[static_cast<size_t>(extent.file)];
  if (extent.stride == 0) return file.read(extent.offset, std::span(dst, extent.bytes));
  const auto slices = static_cast<uint64_t>(tensor.shape.front());  // readers give a stride to stacks only
  const uint64_t each = extent.bytes / slices;
  for (uint64_t i = 0; i < slices; ++i) {
    SLUICE_TRY_VOID(file.read(extent.offset + i * extent.stride, std::span(dst + i * each, each)));
  }
  return {};
}

// Rows of a stack can follow each other only where every matrix ends with a whole block of rows.
bool flattens(const Tensor& tensor) {
  return tensor.shape.size() < 3 || tensor.group_rows <= 1 ||
         tensor.shape[tensor.shape.size() - 2] % tensor.group_rows == 0;
}

Status check_loadable(const Tensor& tensor) {
  SLUICE_TRY(const PartBytes parts, part_bytes(tensor));
  if (parts.data != tensor.data.bytes || parts.scales != tensor.scales.bytes || parts.biases != tensor.biases.bytes) {
    return Error{Code::corrupt, fmt::format("{}: its parts do not have the size of {} {}", shown(tensor.name),
                                            tensor.format_name, shape_text(tensor.shape))};
  }
  if (!flattens(tensor)) {
    return Error{Code::unsupported, fmt::format("{}: {} rows of each matrix share scales in blocks of {}",
                                                shown(tensor.name), shape_text(tensor.shape), tensor.group_rows)};
  }
  return {};
}

}  // namespace

LoadedLayout loaded_layout(const Tensor& tensor) {
  LoadedLayout out;
  out.scales = padded_end(0, tensor.data.bytes);
  out.biases = padded_end(out.scales, tensor.scales.bytes);
  out.bytes = padded_end(out.biases, tensor.biases.bytes);
  return out;
}

uint64_t loaded_bytes(const Tensor& tensor) {
  return loaded_layout(tensor).bytes;
}

Result<quant::Matrix> matrix_over(const Tensor& tensor, const std::byte* dst) {
  SLUICE_TRY_VOID(check_loadable(tensor));
  quant::Matrix out;
  out.format = tensor.format;
  out.cols = tensor.shape.empty() ? 1 : tensor.shape.back();
  out.rows = tensor.elements() / out.cols;  // check_loadable refuses rows without columns
  const LoadedLayout at = loaded_layout(tensor);
  out.data = dst + at.data;
  if (tensor.scales.bytes > 0) out.scales = dst + at.scales;
  if (tensor.biases.bytes > 0) out.biases = dst + at.biases;
  out.scale_type = tensor.scale_type;
  out.group = tensor.group;
  out.group_rows = tensor.group_rows;
  return out;
}

Result<quant::Matrix> load_matrix(const ModelFiles& model, const Tensor& tensor, std::byte* dst, uint64_t capacity) {
  const LoadedLayout at = loaded_layout(tensor);
  if (at.bytes > capacity) {
    return Error{Code::over_budget,
                 fmt::format("{}: needs {} bytes, {} are given", shown(tensor.name), at.bytes, capacity)};
  }
  SLUICE_TRY(const quant::Matrix out, matrix_over(tensor, dst));
  Status status = read_part(model, tensor, tensor.data, dst + at.data);
  if (status.ok()) status = read_part(model, tensor, tensor.scales, dst + at.scales);
  if (status.ok()) status = read_part(model, tensor, tensor.biases, dst + at.biases);
  if (!status.ok()) return std::move(status).error().within("tensor " + shown(tensor.name));
  return out;
}

Result<std::vector<float>> load_vector(const ModelFiles& model, const Tensor& tensor) {
  // Checked first: the sizes of a tensor that does not fit its parts are not to be allocated.
  SLUICE_TRY_VOID(check_loadable(tensor));
  std::vector<std::byte> bytes(loaded_bytes(tensor));
  SLUICE_TRY(const quant::Matrix matrix, load_matrix(model, tensor, bytes.data(), bytes.size()));
  std::vector<float> out(static_cast<size_t>(tensor.elements()));
  const quant::Format& format = quant::format(tensor.format);
  for (int64_t r = 0; r < matrix.rows; ++r) format.decode_row(matrix, r, out.data() + r * matrix.cols);
  return out;
}

}  // namespace sluice::store
