#include "store/experts.h"

#include <fmt/format.h>

#include "store/names.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

Error refuse(const Tensor& tensor, std::string_view what) {
  return Error{Code::invalid, fmt::format("{} {}: {}", shown(tensor.name), shape_text(tensor.shape), what)};
}

// The parts must have exactly the bytes of the shape: then every slice computed below lies inside them.
Status check_parts(const Tensor& tensor) {
  SLUICE_TRY(const PartBytes parts, part_bytes(tensor));
  if (parts.data == tensor.data.bytes && parts.scales == tensor.scales.bytes && parts.biases == tensor.biases.bytes) {
    return {};
  }
  return Error{Code::corrupt,
               fmt::format("{}: its parts have {} + {} + {} bytes, {} {} needs {} + {} + {}", shown(tensor.name),
                           tensor.data.bytes, tensor.scales.bytes, tensor.biases.bytes, tensor.format_name,
                           shape_text(tensor.shape), parts.data, parts.scales, parts.biases)};
}

// The slice of expert e, `bytes` long. As below, the offset cannot wrap.
Extent slice_of(const Extent& whole, uint64_t e, uint64_t bytes) {
  if (whole.bytes == 0) return {};
  return {whole.file, whole.offset + e * (whole.stride != 0 ? whole.stride : bytes), bytes};
}

// Bytes [skip, skip + bytes) of `whole`. The offset cannot wrap: it stays inside an extent that lies in its file.
Extent part_of(const Extent& whole, uint64_t skip, uint64_t bytes) {
  if (whole.bytes == 0) return {};
  return {whole.file, whole.offset + skip, bytes};
}

}  // namespace

Result<Tensor> slice_expert(const Tensor& stacked, int64_t expert) {
  if (stacked.shape.size() < 2) return refuse(stacked, "not a stack of experts");
  if (expert < 0 || expert >= stacked.shape[0]) return refuse(stacked, fmt::format("there is no expert {}", expert));
  SLUICE_TRY_VOID(check_parts(stacked));
  Tensor out = stacked;
  out.shape.erase(out.shape.begin());
  // A side array runs over the last two dimensions: taking a row of a plain matrix leaves nothing to scale it by.
  if (stacked.scale_type != quant::ScaleType::none && out.shape.size() < 2) {
    return refuse(stacked, "not a stack of quantised matrices");
  }
  SLUICE_TRY(const PartBytes each, part_bytes(out));
  const auto e = static_cast<uint64_t>(expert);  // e * each.x < the whole part, which fits
  out.data = slice_of(stacked.data, e, each.data);
  out.scales = slice_of(stacked.scales, e, each.scales);
  out.biases = slice_of(stacked.biases, e, each.biases);
  return out;
}

Result<Tensor> slice_rows(const Tensor& tensor, int64_t begin, int64_t count) {
  if (tensor.shape.size() != 2) return refuse(tensor, "not a matrix");
  if (begin < 0 || count < 1 || begin > tensor.shape[0] || count > tensor.shape[0] - begin) {
    return refuse(tensor, fmt::format("there are no {} rows from {} on", count, begin));
  }
  SLUICE_TRY_VOID(check_parts(tensor));
  if (begin % tensor.group_rows != 0) {
    return refuse(tensor,
                  fmt::format("row {} is inside a block of {} rows that share scales", begin, tensor.group_rows));
  }
  Tensor out = tensor;
  out.shape[0] = count;
  SLUICE_TRY(const PartBytes part, part_bytes(out));
  Tensor before = tensor;
  before.shape[0] = begin;
  SLUICE_TRY(const PartBytes skip, part_bytes(before));
  out.data = part_of(tensor.data, skip.data, part.data);
  out.scales = part_of(tensor.scales, skip.scales, part.scales);
  out.biases = part_of(tensor.biases, skip.biases, part.biases);
  return out;
}

}  // namespace sluice::store
