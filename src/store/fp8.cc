#include "store/fp8.h"

#include <fmt/format.h>

#include <string>

#include "store/names.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

constexpr int64_t kMaxBlock = 65536;

struct Block {
  int32_t rows = 128;
  int32_t cols = 128;
};

Result<Block> block_of(const Metadata& config) {
  constexpr std::string_view kKey = "quantization_config.weight_block_size";
  const Metadata::Value* value = config.find(kKey);
  if (!value) return Block{};
  const auto* sizes = std::get_if<std::vector<int64_t>>(value);
  if (!sizes || sizes->size() != 2 || (*sizes)[0] < 1 || (*sizes)[0] > kMaxBlock || (*sizes)[1] < 1 ||
      (*sizes)[1] > kMaxBlock) {
    return Error{Code::corrupt, fmt::format("{} is not two sizes from 1 to {}", kKey, kMaxBlock)};
  }
  return Block{static_cast<int32_t>((*sizes)[0]), static_cast<int32_t>((*sizes)[1])};
}

int64_t ceil_divide(int64_t a, int64_t b) {
  return a / b + (a % b != 0);
}

bool blocks_fit(const RawTensor& weight, const RawTensor& scales, const Block& block) {
  const size_t rank = weight.shape.size();
  return (rank == 2 || rank == 3) && scales.shape.size() == rank && (rank == 2 || scales.shape[0] == weight.shape[0]) &&
         scales.shape[rank - 2] == ceil_divide(weight.shape[rank - 2], block.rows) &&
         scales.shape[rank - 1] == ceil_divide(weight.shape[rank - 1], block.cols);
}

Tensor bare(RawTensor& weight) {
  Tensor out;
  out.name = weight.name;
  out.format = quant::FormatId::fp8_e4m3;
  out.format_name = quant::format(out.format).name;
  out.shape = weight.shape;
  out.data = weight.extent;
  weight.taken = true;
  return out;
}

Tensor unreadable(RawTensor& weight, RawTensor& scales, std::string_view why) {
  Tensor out = bare(weight);
  out.format_known = false;
  out.format_name = why;
  out.scales = scales.extent;
  scales.taken = true;
  return out;
}

Result<Tensor> join(RawTensor& weight, RawTensor& scales, const Block& block) {
  if (element_count(scales.shape) == 1 && element_count(weight.shape) != 1 && !blocks_fit(weight, scales, block)) {
    return unreadable(weight, scales, "FP8 with one scale for the tensor");
  }
  if (!blocks_fit(weight, scales, block)) {
    return Error{Code::corrupt,
                 fmt::format("tensor {}: scales {} do not fit shape {} in blocks of {}x{}", shown(weight.name),
                             shape_text(scales.shape), shape_text(weight.shape), block.rows, block.cols)};
  }
  const quant::ScaleType type = scale_type_of(scales.dtype);
  if (type == quant::ScaleType::none) return unreadable(weight, scales, "FP8 with scales of " + shown(scales.dtype));
  Tensor out = bare(weight);
  out.scales = scales.extent;
  out.scale_type = type;
  out.group = block.cols;
  out.group_rows = block.rows;
  scales.taken = true;
  return out;
}

}  // namespace

Status join_fp8(RawTable& raw, const Metadata& config, std::vector<Tensor>& out) {
  for (RawTensor& weight : raw.all()) {
    if (weight.taken || weight.dtype != "F8_E4M3" || weight.extent.bytes == 0) continue;
    RawTensor* scales = raw.find(weight.name + "_scale_inv");
    if (scales && scales->taken) scales = nullptr;
    RawTensor* other = raw.find(weight.name + "_scale");
    if (scales) {
      SLUICE_TRY(const Block block, block_of(config));
      SLUICE_TRY(Tensor tensor, join(weight, *scales, block));
      out.push_back(std::move(tensor));
    } else if (other && !other->taken) {
      out.push_back(unreadable(weight, *other, "FP8 with _scale"));
    } else {
      out.push_back(bare(weight));
    }
  }
  return {};
}

}  // namespace sluice::store
