#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "store/json_text.h"
#include "store/names.h"
#include "store/safetensors.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr uint64_t kLengthBytes = 8;

Error bad(const io::File& file, std::string_view name, std::string_view what) {
  return Error{Code::corrupt, fmt::format("{}: tensor {}: {}", file.path(), shown(name), what)};
}

Result<std::string> read_header(const io::File& file) {
  uint64_t length = 0;
  if (file.size() < kLengthBytes) {
    return Error{Code::corrupt,
                 fmt::format("{}: {} bytes, too short for a safetensors file", file.path(), file.size())};
  }
  SLUICE_TRY_VOID(file.read(0, std::as_writable_bytes(std::span(&length, 1))));
  if (length > file.size() - kLengthBytes) {
    return Error{Code::corrupt, fmt::format("{}: byte 0: the header claims {} bytes, the file has {}; it is truncated, "
                                            "damaged or no safetensors file",
                                            file.path(), length, file.size())};
  }
  if (length > kMaxHeader) {
    return Error{Code::corrupt, fmt::format("{}: byte 0: the header claims {} bytes, more than the {} allowed",
                                            file.path(), length, kMaxHeader)};
  }
  std::string text(length, '\0');
  SLUICE_TRY_VOID(file.read(kLengthBytes, std::as_writable_bytes(std::span(text))));
  if (!text.starts_with('{')) {
    return Error{Code::corrupt, fmt::format("{}: byte 8: the header is no JSON object", file.path())};
  }
  return text;
}

Result<std::vector<int64_t>> integers(const io::File& file, std::string_view name, const Json& entry,
                                      std::string_view key) {
  const Json* member = entry.member(key);
  const auto* array = member ? member->as<Json::Array>() : nullptr;
  if (!array) return bad(file, name, fmt::format("{} is missing or no list", key));
  std::vector<int64_t> out;
  for (const Json& item : *array) {
    const auto* value = item.as<int64_t>();
    if (!value || *value < 0) return bad(file, name, fmt::format("{} holds something else than sizes", key));
    out.push_back(*value);
  }
  return out;
}

// `begin` is where the data buffer starts in the file.
Result<RawTensor> read_entry(const io::File& file, const std::string& name, const Json& entry, uint64_t begin) {
  if (const auto fault = name_fault(name, kMaxTensorName); !fault.empty()) {
    return bad(file, name, fmt::format("the name {}", fault));
  }
  const Json* dtype_member = entry.member("dtype");
  const auto* dtype = dtype_member ? dtype_member->as<std::string>() : nullptr;
  if (!dtype || dtype->empty() || dtype->size() > 32) return bad(file, name, "dtype is missing or no short string");
  RawTensor out;
  out.name = name;
  out.dtype = *dtype;
  SLUICE_TRY(out.shape, integers(file, name, entry, "shape"));
  if (out.shape.size() > kMaxRank) return bad(file, name, fmt::format("{} dimensions", out.shape.size()));
  SLUICE_TRY(const auto span, integers(file, name, entry, "data_offsets"));
  if (span.size() != 2 || span[0] > span[1]) return bad(file, name, "data_offsets is no [begin, end]");
  const uint64_t size = file.size() - begin;
  if (static_cast<uint64_t>(span[1]) > size) {
    return bad(
        file, name,
        fmt::format("data_offsets end at {}, the data has {} bytes; the file is truncated or damaged", span[1], size));
  }
  out.extent.offset = begin + static_cast<uint64_t>(span[0]);
  out.extent.bytes = static_cast<uint64_t>(span[1] - span[0]);
  const auto elements = element_count(out.shape);
  if (!elements) return bad(file, name, fmt::format("shape {} has too many elements", shape_text(out.shape)));
  const uint64_t width = dtype_bytes(out.dtype);
  const auto expected = checked_multiply(static_cast<uint64_t>(*elements), width);
  if (!expected || (width != 0 && *expected != out.extent.bytes)) {
    return bad(
        file, name,
        fmt::format("{} {} does not fit its {} bytes", shown(out.dtype), shape_text(out.shape), out.extent.bytes));
  }
  return out;
}

}  // namespace

uint64_t dtype_bytes(std::string_view dtype) {
  static constexpr std::pair<std::string_view, uint64_t> kTypes[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"F8_E8M0", 1},
      {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},     {"U32", 4},
      {"F32", 4},  {"F64", 8}, {"I64", 8}, {"U64", 8},     {"C64", 8},
  };
  for (const auto& [name, bytes] : kTypes) {
    if (name == dtype) return bytes;
  }
  return 0;
}

Result<SafetensorsPart> read_safetensors(const io::File& file, int32_t file_index) {
  SLUICE_TRY(const std::string text, read_header(file));
  SLUICE_TRY(const Json header, parse_json(text, file.path() + ": header"));
  const auto* entries = header.as<Json::Object>();
  if (!entries) return Error{Code::corrupt, fmt::format("{}: byte 8: the header is no JSON object", file.path())};
  SafetensorsPart part;
  part.tensors.reserve(entries->size());
  for (const auto& [name, entry] : *entries) {
    if (name == "__metadata__") {
      const Json* format = entry.member("format");
      if (const auto* value = format ? format->as<std::string>() : nullptr) part.format = *value;
      continue;
    }
    SLUICE_TRY(RawTensor tensor, read_entry(file, name, entry, kLengthBytes + text.size()));
    tensor.extent.file = file_index;
    part.tensors.push_back(std::move(tensor));
  }
  std::vector<PlacedName> pieces;
  for (const RawTensor& t : part.tensors) pieces.push_back({t.extent.offset, t.extent.bytes, t.name});
  SLUICE_TRY_VOID(check_overlaps(file.path(), std::move(pieces)));
  return part;
}

}  // namespace sluice::store
