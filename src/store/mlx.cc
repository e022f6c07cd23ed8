#include "store/mlx.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "store/names.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

constexpr std::string_view kWeight = ".weight";
constexpr int64_t kWordBits = 32;

struct Settings {
  std::string mode;
  int64_t group = 64;
  std::optional<int64_t> bits;
};

// The module X when `raw` is the X.weight of a quantised triple.
std::optional<std::string> quantised_module(RawTable& table, const RawTensor& raw) {
  if (raw.taken || raw.extent.bytes == 0 || raw.dtype != "U32" || !raw.name.ends_with(kWeight)) return std::nullopt;
  std::string module = raw.name.substr(0, raw.name.size() - kWeight.size());
  if (!table.find(module + ".scales")) return std::nullopt;
  return module;
}

std::string config_root(const Metadata& config) {
  return config.has("quantization.group_size") || config.has("quantization.bits") ? "quantization."
                                                                                  : "quantization_config.";
}

Result<Settings> settings_of(const Metadata& config, const std::string& module) {
  const std::string root = config_root(config);
  const std::string own = root + module + ".";
  Settings out;
  // A module's own entry replaces the defaults key by key.
  SLUICE_TRY(const std::string mode, config.text_or(root + "mode", "affine"));
  SLUICE_TRY(out.mode, config.text_or(own + "mode", mode));
  SLUICE_TRY(const int64_t group, config.integer_or(root + "group_size", 64));
  SLUICE_TRY(out.group, config.integer_or(own + "group_size", group));
  SLUICE_TRY(const int64_t bits, config.integer_or(root + "bits", 0));
  SLUICE_TRY(const int64_t own_bits, config.integer_or(own + "bits", bits));
  if (own_bits != 0) out.bits = own_bits;
  return out;
}

std::optional<quant::FormatId> format_of(int64_t bits) {
  switch (bits) {
    case 2:
      return quant::FormatId::mlx2;
    case 3:
      return quant::FormatId::mlx3;
    case 4:
      return quant::FormatId::mlx4;
    case 5:
      return quant::FormatId::mlx5;
    case 6:
      return quant::FormatId::mlx6;
    case 8:
      return quant::FormatId::mlx8;
    default:
      return std::nullopt;
  }
}

Error bad(const RawTensor& weight, std::string_view what) {
  return Error{Code::corrupt, fmt::format("tensor {}: {}", shown(weight.name), what)};
}

bool same_but_last(const RawTensor& a, const RawTensor& b) {
  return a.shape.size() == b.shape.size() && a.shape.size() >= 2 && a.shape.size() <= 3 &&
         std::equal(a.shape.begin(), a.shape.end() - 1, b.shape.begin());
}

void start(Tensor& out, RawTensor& weight, RawTensor& scales, RawTensor* biases) {
  out.name = weight.name;
  out.shape = weight.shape;
  out.data = weight.extent;
  out.scales = scales.extent;
  if (biases) out.biases = biases->extent;
  weight.taken = scales.taken = true;
  if (biases) biases->taken = true;
}

Tensor unreadable(RawTensor& weight, RawTensor& scales, RawTensor* biases, std::string_view why) {
  Tensor out;
  start(out, weight, scales, biases);
  out.format_known = false;
  out.format_name = fmt::format("mlx {}", shown(why));
  return out;
}

// The bits that the shapes say, held against those the config says.
Result<quant::FormatId> checked_format(const RawTensor& weight, const RawTensor& scales, const Settings& settings) {
  const auto logical =
      checked_multiply(static_cast<uint64_t>(scales.shape.back()), static_cast<uint64_t>(settings.group));
  const auto stored = checked_multiply(static_cast<uint64_t>(weight.shape.back()), kWordBits);
  const uint64_t bits = logical && stored && *logical > 0 && *stored % *logical == 0 ? *stored / *logical : 0;
  const auto format = format_of(static_cast<int64_t>(bits));
  if (format && (!settings.bits || *settings.bits == static_cast<int64_t>(bits))) return *format;
  return bad(weight, fmt::format("shape {} and scales {} do not make {} bits in groups of {}", shape_text(weight.shape),
                                 shape_text(scales.shape), settings.bits ? std::to_string(*settings.bits) : "whole",
                                 settings.group));
}

Result<Tensor> join(RawTensor& weight, RawTensor& scales, RawTensor* biases, const Settings& settings) {
  if (settings.mode != "affine") return unreadable(weight, scales, biases, settings.mode);
  if (settings.group != 32 && settings.group != 64 && settings.group != 128) {
    return unreadable(weight, scales, biases, fmt::format("groups of {}", settings.group));
  }
  if (!biases) return bad(weight, "its .biases are missing");
  const quant::ScaleType type = scale_type_of(scales.dtype);
  if (type == quant::ScaleType::none || biases->dtype != scales.dtype) {
    return bad(weight, fmt::format("scales are {} and biases {}, not the same of BF16, F16, F32", shown(scales.dtype),
                                   shown(biases->dtype)));
  }
  if (!same_but_last(weight, scales) || biases->shape != scales.shape) {
    return bad(weight, fmt::format("shape {} does not match scales {} and biases {}", shape_text(weight.shape),
                                   shape_text(scales.shape), shape_text(biases->shape)));
  }
  SLUICE_TRY(const quant::FormatId format, checked_format(weight, scales, settings));
  Tensor out;
  start(out, weight, scales, biases);
  out.format = format;
  out.format_name = quant::format(format).name;
  out.shape.back() = scales.shape.back() * settings.group;
  out.scale_type = type;
  out.group = static_cast<int32_t>(settings.group);
  SLUICE_TRY(const PartBytes parts, part_bytes(out));
  if (parts.data != out.data.bytes || parts.scales != out.scales.bytes || parts.biases != out.biases.bytes) {
    return bad(weight, fmt::format("shape {} does not fit {}", shape_text(out.shape), out.format_name));
  }
  return out;
}

}  // namespace

Status join_mlx(RawTable& raw, const Metadata& config, std::vector<Tensor>& out) {
  for (RawTensor& weight : raw.all()) {
    const std::optional<std::string> module = quantised_module(raw, weight);
    if (!module) continue;
    SLUICE_TRY(const Settings settings, settings_of(config, *module));
    RawTensor* scales = raw.find(*module + ".scales");
    SLUICE_TRY(Tensor tensor, join(weight, *scales, raw.find(*module + ".biases"), settings));
    out.push_back(std::move(tensor));
  }
  return {};
}

bool written_by_mlx(std::string_view format, const Metadata& config, RawTable& raw) {
  if (format == "mlx") return true;
  if (!config.has("quantization.group_size")) return false;
  for (const RawTensor& tensor : raw.all()) {
    if (quantised_module(raw, tensor)) return true;
  }
  return false;
}

}  // namespace sluice::store
