#include "store/pack_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "store/checksum.h"

namespace sluice::store {
namespace {

using Out = nlohmann::ordered_json;

Out extent_json(const Extent& extent) {
  Out out = {extent.file, extent.offset, extent.bytes};
  if (extent.stride != 0) out.push_back(extent.stride);
  return out;
}

Out tensor_json(const Tensor& tensor) {
  Out out = {{"name", tensor.name}, {"type", tensor.format_name}, {"shape", tensor.shape}};
  if (tensor.format_known) out["format"] = quant::format(tensor.format).name;
  if (tensor.data.bytes > 0) out["data"] = extent_json(tensor.data);
  if (tensor.scales.bytes > 0) out["scales"] = extent_json(tensor.scales);
  if (tensor.biases.bytes > 0) out["biases"] = extent_json(tensor.biases);
  if (tensor.scale_type != quant::ScaleType::none) {
    out["scale_type"] = kPackScaleNames[static_cast<size_t>(tensor.scale_type)];
    out["group"] = tensor.group;
    out["group_rows"] = tensor.group_rows;
  }
  return out;
}

Out file_json(const PackFile& file) {
  Out sections = Out::array();
  for (const PackSection& s : file.sections) sections.push_back(Out{s.layer, s.bytes, s.piece});
  std::string sums;
  for (const uint64_t sum : file.sums) sums += fmt::format("{:016x}", sum);
  return {{"name", file.name}, {"bytes", file.bytes}, {"sections", std::move(sections)}, {"sums", std::move(sums)}};
}

std::string body_text(const PackIndex& index) {
  Out out = {{"layout", index.layout},
             {"container", index.container == Container::gguf ? "gguf" : "safetensors"},
             {"mlx", index.mlx}};
  for (const char* key : {"sources", "copies", "files", "tensors"}) out[key] = Out::array();
  for (const PackSource& s : index.sources) out["sources"].push_back(Out{s.name, s.bytes, s.modified});
  for (const PackCopyOf& c : index.copies) out["copies"].push_back(Out{c.name, c.bytes, fmt::format("{:016x}", c.sum)});
  for (const PackFile& file : index.files) out["files"].push_back(file_json(file));
  for (const Tensor& tensor : index.tensors) out["tensors"].push_back(tensor_json(tensor));
  return out.dump(-1, ' ', false, Out::error_handler_t::replace) + "\n";
}

}  // namespace

std::string index_head(std::string_view body) {
  return fmt::format("sluice pack {} {:016x}\n", kPackVersion, checksum(std::as_bytes(std::span(body))));
}

std::string index_text(const PackIndex& index) {
  const std::string body = body_text(index);
  return index_head(body) + body;
}

std::vector<PackPiece> pack_pieces(const PackIndex& index) {
  std::vector<PackPiece> out;
  for (size_t f = 0; f < index.files.size(); ++f) {
    uint64_t begin = 0;
    for (const PackSection& s : index.files[f].sections) {
      for (uint64_t at = 0, number = 0; at < s.bytes; at += s.piece, ++number) {
        out.push_back({f, begin + at, std::min(s.piece, s.bytes - at), s.layer, number});
      }
      begin += s.bytes;
    }
  }
  return out;
}

}  // namespace sluice::store
