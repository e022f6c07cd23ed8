#include "store/gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "store/gguf_types.h"
#include "store/names.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

constexpr uint64_t kMaxHeader = uint64_t{128} << 20;
constexpr uint64_t kMaxAlignment = uint64_t{1} << 20;
constexpr uint64_t kMinTensorInfo = 8 + 1 + 4 + 8 + 4 + 8;  // one-byte name, one dimension
constexpr uint32_t kMaxDims = 4;

struct Counts {
  uint64_t tensors = 0;
  uint64_t key_values = 0;
};

Result<Counts> read_head(ByteCursor& cursor) {
  SLUICE_TRY(const auto magic, cursor.take(4, "magic"));
  if (std::memcmp(magic.data(), "GGUF", 4) != 0) {
    const std::string_view got(reinterpret_cast<const char*>(magic.data()), 4);
    return cursor.error(Code::corrupt, fmt::format("not a GGUF file: it begins with '{}'", shown(got)));
  }
  SLUICE_TRY(const uint32_t version, cursor.number<uint32_t>("version"));
  if (version > 0 && (version & 0xffff) == 0) {
    return cursor.error(Code::unsupported, "a big-endian GGUF file; only little-endian files are read");
  }
  if (version != 2 && version != 3) {
    return cursor.error(Code::unsupported, fmt::format("GGUF version {} is not supported, only 2 and 3", version));
  }
  Counts counts;
  SLUICE_TRY(counts.tensors, cursor.number<uint64_t>("tensor count"));
  SLUICE_TRY(counts.key_values, cursor.number<uint64_t>("key-value count"));
  return counts;
}

Result<uint64_t> alignment_of(const ByteCursor& cursor, const Metadata& metadata) {
  auto value = metadata.integer_or("general.alignment", 32);
  if (!value.ok()) return cursor.error(Code::corrupt, value.error().message);
  const auto alignment = static_cast<uint64_t>(*value);
  if (*value < 8 || alignment > kMaxAlignment || !std::has_single_bit(alignment)) {
    return cursor.error(Code::corrupt,
                        fmt::format("general.alignment is {}, not a power of two from 8 to {}", *value, kMaxAlignment));
  }
  return alignment;
}

// Dimensions in the file's order, fastest first.
Result<std::vector<int64_t>> read_dims(ByteCursor& cursor, std::string_view name) {
  SLUICE_TRY(const uint32_t count, cursor.number<uint32_t>("number of dimensions"));
  if (count < 1 || count > kMaxDims) {
    return cursor.error(Code::corrupt, fmt::format("tensor {} has {} dimensions, not 1 to {}", name, count, kMaxDims));
  }
  std::vector<int64_t> dims(count);
  for (int64_t& dim : dims) {
    SLUICE_TRY(dim, cursor.number<int64_t>("dimension"));
    if (dim < 1) return cursor.error(Code::corrupt, fmt::format("tensor {} has a dimension of {}", name, dim));
  }
  if (!element_count(dims)) {
    return cursor.error(Code::corrupt, fmt::format("tensor {} of {} has too many elements", name, shape_text(dims)));
  }
  return dims;
}

// Fills format and size. A type without a decoder is no error here, an unknown one has no size.
Status set_type(const ByteCursor& cursor, uint32_t type, Tensor& tensor) {
  const quant::Format* format = quant::format_by_gguf_type(type);
  const GgufType* known = gguf_type(type);
  tensor.format_known = format != nullptr && known != nullptr;
  if (format) tensor.format = format->id;
  tensor.format_name = known ? std::string(known->name) : fmt::format("type {}", type);
  if (!known) return {};
  const int64_t cols = tensor.shape.back();
  const std::string name = shown(tensor.name);
  if (cols % known->block != 0) {
    return cursor.error(Code::corrupt, fmt::format("tensor {} has rows of {} elements, {} needs a multiple of {}", name,
                                                   cols, known->name, known->block));
  }
  const auto blocks = static_cast<uint64_t>(tensor.elements() / known->block);
  const auto bytes = checked_multiply(blocks, static_cast<uint64_t>(known->block_bytes));
  if (!bytes) return cursor.error(Code::corrupt, fmt::format("tensor {} has too many bytes", name));
  tensor.data.bytes = *bytes;
  return {};
}

// One tensor info; its offset is still relative to the data section.
Result<Tensor> read_info(ByteCursor& cursor, int32_t file_index, uint64_t alignment) {
  Tensor tensor;
  SLUICE_TRY(const std::string_view text, cursor.text(kMaxTensorName, "tensor name"));
  tensor.name = text;
  const std::string name = shown(tensor.name);
  if (const auto fault = name_fault(tensor.name, kMaxTensorName); !fault.empty()) {
    return cursor.error(Code::corrupt, fmt::format("tensor name '{}' {}", name, fault));
  }
  SLUICE_TRY(tensor.shape, read_dims(cursor, name));
  std::reverse(tensor.shape.begin(), tensor.shape.end());
  SLUICE_TRY(const uint32_t type, cursor.number<uint32_t>("tensor type"));
  SLUICE_TRY_VOID(set_type(cursor, type, tensor));
  SLUICE_TRY(tensor.data.offset, cursor.number<uint64_t>("tensor offset"));
  tensor.data.file = file_index;
  if (tensor.data.offset % alignment != 0) {
    return cursor.error(Code::corrupt, fmt::format("tensor {}: its offset {} is not a multiple of the alignment {}",
                                                   name, tensor.data.offset, alignment));
  }
  return tensor;
}

// Makes offsets absolute and holds every tensor against the file's size and against the others.
Status place_tensors(const io::File& file, uint64_t data_start, std::vector<Tensor>& tensors) {
  std::vector<PlacedName> pieces;
  pieces.reserve(tensors.size());
  for (Tensor& tensor : tensors) {
    uint64_t begin = 0, end = 0;
    if (__builtin_add_overflow(data_start, tensor.data.offset, &begin) ||
        __builtin_add_overflow(begin, tensor.data.bytes, &end) || end > file.size()) {
      return Error{Code::corrupt,
                   fmt::format("{}: tensor {}: {} bytes at data offset {} end outside the file of {} "
                               "bytes; it is truncated or damaged",
                               file.path(), shown(tensor.name), tensor.data.bytes, tensor.data.offset, file.size())};
    }
    tensor.data.offset = begin;
    pieces.push_back({begin, tensor.data.bytes, tensor.name});
  }
  return check_overlaps(file.path(), std::move(pieces));
}

}  // namespace

Result<GgufKeyValues> read_gguf_key_values(const io::File& file) {
  ByteCursor cursor(file, kMaxHeader);
  SLUICE_TRY(const Counts counts, read_head(cursor));
  GgufKeyValues out;
  SLUICE_TRY(out.metadata, read_gguf_metadata(cursor, counts.key_values));
  out.bytes = cursor.offset();
  return out;
}

Result<GgufPart> read_gguf(const io::File& file, int32_t file_index) {
  ByteCursor cursor(file, kMaxHeader);
  SLUICE_TRY(const Counts counts, read_head(cursor));
  GgufPart part;
  SLUICE_TRY(part.metadata, read_gguf_metadata(cursor, counts.key_values));
  SLUICE_TRY(const uint64_t alignment, alignment_of(cursor, part.metadata));
  if (counts.tensors > cursor.remaining() / kMinTensorInfo) {
    return cursor.error(Code::corrupt, fmt::format("header claims {} tensors, only {} bytes can follow", counts.tensors,
                                                   cursor.remaining()));
  }
  part.tensors.reserve(counts.tensors);
  for (uint64_t i = 0; i < counts.tensors; ++i) {
    SLUICE_TRY(Tensor tensor, read_info(cursor, file_index, alignment));
    part.tensors.push_back(std::move(tensor));
  }
  const uint64_t data_start = (cursor.offset() + alignment - 1) / alignment * alignment;
  SLUICE_TRY_VOID(place_tensors(file, data_start, part.tensors));
  return part;
}

}  // namespace sluice::store
