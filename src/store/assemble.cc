#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/fp8.h"
#include "store/mlx.h"
#include "store/names.h"
#include "store/safetensors.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

Tensor plain(RawTensor& raw) {
  Tensor out;
  out.name = std::move(raw.name);
  out.shape = std::move(raw.shape);
  out.data = raw.extent;
  out.format_name = raw.dtype;
  if (raw.dtype == "BF16") {
    out.format = quant::FormatId::bf16;
  } else if (raw.dtype == "F16") {
    out.format = quant::FormatId::f16;
  } else if (raw.dtype == "F32") {
    out.format = quant::FormatId::f32;
  } else {
    out.format_known = false;
  }
  if (raw.extent.bytes == 0) {
    out.format_known = false;
    out.format_name += " without elements";
  }
  return out;
}

}  // namespace

Result<RawTable> RawTable::make(std::string_view path, std::vector<RawTensor> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const RawTensor& a, const RawTensor& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(tensors.begin(), tensors.end(),
                                        [](const RawTensor& a, const RawTensor& b) { return a.name == b.name; });
  if (twice != tensors.end()) {
    return Error{Code::corrupt, fmt::format("{}: tensor {} is listed twice", path, shown(twice->name))};
  }
  RawTable out;
  out.tensors_ = std::move(tensors);
  return out;
}

RawTensor* RawTable::find(std::string_view name) {
  const auto it = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                   [](const RawTensor& t, std::string_view n) { return t.name < n; });
  return it != tensors_.end() && it->name == name ? &*it : nullptr;
}

quant::ScaleType scale_type_of(std::string_view dtype) {
  if (dtype == "BF16") return quant::ScaleType::bf16;
  if (dtype == "F16") return quant::ScaleType::f16;
  if (dtype == "F32") return quant::ScaleType::f32;
  return quant::ScaleType::none;
}

Result<std::vector<Tensor>> assemble(RawTable& raw, const Metadata& config) {
  std::vector<Tensor> out;
  SLUICE_TRY_VOID(join_mlx(raw, config, out));
  SLUICE_TRY_VOID(join_fp8(raw, config, out));
  for (RawTensor& tensor : raw.all()) {
    if (!tensor.taken) out.push_back(plain(tensor));
  }
  std::sort(out.begin(), out.end(), [](const Tensor& a, const Tensor& b) { return a.name < b.name; });
  return out;
}

}  // namespace sluice::store
