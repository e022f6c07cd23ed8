#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "store/json_text.h"
#include "store/names.h"
#include "store/pack_index.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

constexpr uint64_t kMaxIndex = 500'000'000;
constexpr size_t kMaxFiles = 1000;  // one descriptor each
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr size_t kSumDigits = 16;

std::optional<uint64_t> hexadecimal(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || text.size() != kSumDigits) return std::nullopt;
  return value;
}

// A plain name in the pack's own folder, and none of the index's.
bool good_file_name(std::string_view name) {
  return name_fault(name, 255).empty() && name.find_first_of("/\\") == std::string_view::npos && name != "." &&
         name != ".." && name != kPackIndexName && name != kPackPlanName;
}

// Values of a JSON object or array, each with the one place where it can go wrong.
class Reader {
 public:
  explicit Reader(std::string_view where) : where_(where) {}

  Error bad(std::string_view what) const {
    return {Code::corrupt, fmt::format("{}: {}; the pack is damaged: remove it and make it again", where_, what)};
  }

  Result<int64_t> integer(const Json* json, std::string_view name, int64_t least, int64_t most = kMost) const {
    const auto* value = json ? json->as<int64_t>() : nullptr;
    if (!value || *value < least || *value > most) return bad(fmt::format("{} is no number from {} on", name, least));
    return *value;
  }
  Result<std::string> text(const Json* json, std::string_view name) const {
    const auto* value = json ? json->as<std::string>() : nullptr;
    if (!value) return bad(fmt::format("{} is missing or no text", name));
    return *value;
  }
  Result<const Json::Array*> list(const Json* json, std::string_view name, size_t least = 0,
                                  size_t most = std::numeric_limits<size_t>::max()) const {
    const auto* value = json ? json->as<Json::Array>() : nullptr;
    if (!value || value->size() < least || value->size() > most) return bad(fmt::format("{} is no such list", name));
    return value;
  }
  Result<std::string> file_name(const Json* json, std::string_view name) const {
    SLUICE_TRY(std::string value, text(json, name));
    if (!good_file_name(value)) return bad(fmt::format("{} '{}' is not a plain file name", name, shown(value)));
    return value;
  }

 private:
  std::string_view where_;
};

Result<PackSource> read_source(const Reader& r, const Json& json) {
  SLUICE_TRY(const auto* row, r.list(&json, "a source", 3, 3));
  PackSource out;
  SLUICE_TRY(out.name, r.text(&(*row)[0], "a source's name"));
  SLUICE_TRY(const int64_t bytes, r.integer(&(*row)[1], "a source's size", 0));
  SLUICE_TRY(out.modified, r.integer(&(*row)[2], "a source's time", std::numeric_limits<int64_t>::min()));
  out.bytes = static_cast<uint64_t>(bytes);
  return out;
}

Result<PackCopyOf> read_copy(const Reader& r, const Json& json) {
  SLUICE_TRY(const auto* row, r.list(&json, "a copy", 3, 3));
  PackCopyOf out;
  SLUICE_TRY(out.name, r.file_name(&(*row)[0], "a copy's name"));
  SLUICE_TRY(const int64_t bytes, r.integer(&(*row)[1], "a copy's size", 0));
  SLUICE_TRY(const std::string sum, r.text(&(*row)[2], "a copy's checksum"));
  const auto value = hexadecimal(sum);
  if (!value) return r.bad(fmt::format("the checksum of {} is none", shown(out.name)));
  out.bytes = static_cast<uint64_t>(bytes);
  out.sum = *value;
  return out;
}

// A section's bytes are a multiple of the alignment, and so is a piece: a reader may read them directly.
Result<PackSection> read_section(const Reader& r, const Json& json, uint64_t room) {
  SLUICE_TRY(const auto* row, r.list(&json, "a section", 3, 3));
  SLUICE_TRY(const int64_t layer, r.integer(&(*row)[0], "a section's layer", -1, INT32_MAX));
  SLUICE_TRY(const int64_t bytes, r.integer(&(*row)[1], "a section's size", 1, static_cast<int64_t>(room)));
  SLUICE_TRY(const int64_t piece, r.integer(&(*row)[2], "a section's piece", 1, bytes));
  const PackSection out{static_cast<int32_t>(layer), static_cast<uint64_t>(bytes), static_cast<uint64_t>(piece)};
  if (out.bytes % kRecordAlignment != 0 || out.piece % kRecordAlignment != 0) {
    return r.bad(fmt::format("a section of {} bytes in pieces of {} is not aligned", bytes, piece));
  }
  return out;
}

Status read_sums(const Reader& r, std::string_view text, PackFile& file) {
  uint64_t pieces = 0;
  for (const PackSection& section : file.sections) pieces += section.pieces();
  if (text.empty()) return {};  // a plan; the caller sees to it
  if (text.size() % kSumDigits != 0 || text.size() / kSumDigits != pieces) {
    return r.bad(fmt::format("{} has {} pieces and other checksums", shown(file.name), pieces));
  }
  file.sums.reserve(pieces);
  for (size_t at = 0; at < text.size(); at += kSumDigits) {
    const auto sum = hexadecimal(text.substr(at, kSumDigits));
    if (!sum) return r.bad(fmt::format("a checksum of {} is none", shown(file.name)));
    file.sums.push_back(*sum);
  }
  return {};
}

Result<PackFile> read_file(const Reader& r, const Json& json) {
  PackFile out;
  SLUICE_TRY(out.name, r.file_name(json.member("name"), "a file's name"));
  SLUICE_TRY(const int64_t bytes, r.integer(json.member("bytes"), "a file's size", 0));
  SLUICE_TRY(const auto* sections, r.list(json.member("sections"), "sections"));
  out.bytes = static_cast<uint64_t>(bytes);
  uint64_t at = 0;
  for (const Json& row : *sections) {
    SLUICE_TRY(const PackSection section, read_section(r, row, out.bytes - at));
    at += section.bytes;
    out.sections.push_back(section);
  }
  if (at != out.bytes) return r.bad(fmt::format("the sections of {} are not the whole file", shown(out.name)));
  SLUICE_TRY(const std::string sums, r.text(json.member("sums"), "sums"));
  SLUICE_TRY_VOID(read_sums(r, sums, out));
  return out;
}

Result<std::vector<int64_t>> read_shape(const Reader& r, const Json* json, std::string_view name) {
  SLUICE_TRY(const auto* row, r.list(json, fmt::format("the shape of {}", name), 0, kMaxRank));
  std::vector<int64_t> shape;
  for (const Json& n : *row) {
    SLUICE_TRY(const int64_t dim, r.integer(&n, fmt::format("a dimension of {}", name), 0));
    shape.push_back(dim);
  }
  if (!element_count(shape)) return r.bad(fmt::format("{} of {} has too many elements", name, shape_text(shape)));
  return shape;
}

// Where a tensor's part lies, held against the file; only a stack of matrices may have a stride.
Result<Extent> read_extent(const Reader& r, const Json* json, const Tensor& tensor, std::span<const PackFile> files) {
  if (json == nullptr) return Extent{};
  const std::string name = shown(tensor.name);
  SLUICE_TRY(const auto* row, r.list(json, fmt::format("the place of {}", name), 3, 4));
  std::array<int64_t, 4> n{};
  for (size_t i = 0; i < row->size(); ++i) {
    SLUICE_TRY(n[i], r.integer(&(*row)[i], fmt::format("the place of {}", name), 0));
  }
  const Error outside = r.bad(fmt::format("{} ends outside its file", name));
  if (n[0] >= static_cast<int64_t>(files.size())) return outside;
  Extent out{static_cast<int32_t>(n[0]), static_cast<uint64_t>(n[1]), static_cast<uint64_t>(n[2]),
             static_cast<uint64_t>(n[3])};
  uint64_t span = out.bytes;
  if (out.stride != 0) {
    const auto slices = tensor.shape.size() >= 3 ? static_cast<uint64_t>(tensor.shape[0]) : 0;
    if (slices == 0 || out.bytes % slices != 0 || out.bytes / slices > out.stride) {
      return r.bad(fmt::format("{} cannot have a stride of {}", name, out.stride));
    }
    const auto before = checked_multiply(slices - 1, out.stride);
    if (!before || __builtin_add_overflow(*before, out.bytes / slices, &span)) return outside;
  }
  const uint64_t size = files[static_cast<size_t>(out.file)].bytes;
  if (out.offset > size || span > size - out.offset) return outside;
  return out;
}

Status read_scales(const Reader& r, const Json& json, Tensor& tensor) {
  const Json* type = json.member("scale_type");
  if (type == nullptr) return {};
  const std::string name = shown(tensor.name);
  SLUICE_TRY(const std::string text, r.text(type, "scale_type"));
  const auto* found = std::find(std::begin(kPackScaleNames), std::end(kPackScaleNames), text);
  if (found == std::end(kPackScaleNames)) return r.bad(fmt::format("{} has an unknown scale_type", name));
  SLUICE_TRY(const int64_t group, r.integer(json.member("group"), fmt::format("the group of {}", name), 1, INT32_MAX));
  SLUICE_TRY(const int64_t rows,
             r.integer(json.member("group_rows"), fmt::format("group_rows of {}", name), 1, INT32_MAX));
  tensor.scale_type = static_cast<quant::ScaleType>(found - std::begin(kPackScaleNames));
  tensor.group = static_cast<int32_t>(group);
  tensor.group_rows = static_cast<int32_t>(rows);
  return {};
}

// A format that is known fixes the size of every part.
Status check_size(const Reader& r, const Tensor& tensor) {
  if (!tensor.format_known) return {};
  if (tensor.elements() == 0) return r.bad(fmt::format("{} {} holds nothing", shown(tensor.name), shape_text(tensor.shape)));
  const auto parts = part_bytes(tensor);
  if (parts.ok() && parts->data == tensor.data.bytes && parts->scales == tensor.scales.bytes &&
      parts->biases == tensor.biases.bytes) {
    return {};
  }
  return r.bad(fmt::format("the parts of {} do not have the size of {} {}", shown(tensor.name),
                           shown(tensor.format_name), shape_text(tensor.shape)));
}

Result<Tensor> read_tensor(const Reader& r, const Json& json, std::span<const PackFile> files) {
  Tensor out;
  SLUICE_TRY(out.name, r.text(json.member("name"), "a tensor's name"));
  const std::string name = shown(out.name);
  if (const auto fault = name_fault(out.name, kMaxTensorName); !fault.empty()) {
    return r.bad(fmt::format("tensor name '{}' {}", name, fault));
  }
  SLUICE_TRY(out.format_name, r.text(json.member("type"), fmt::format("the type of {}", name)));
  SLUICE_TRY(out.shape, read_shape(r, json.member("shape"), name));
  out.format_known = json.member("format") != nullptr;
  if (out.format_known) {
    SLUICE_TRY(const std::string text, r.text(json.member("format"), fmt::format("the format of {}", name)));
    const quant::Format* format = quant::format_by_name(text);
    if (format == nullptr) return r.bad(fmt::format("{} has the unknown format {}", name, shown(text)));
    out.format = format->id;
  }
  SLUICE_TRY(out.data, read_extent(r, json.member("data"), out, files));
  SLUICE_TRY(out.scales, read_extent(r, json.member("scales"), out, files));
  SLUICE_TRY(out.biases, read_extent(r, json.member("biases"), out, files));
  SLUICE_TRY_VOID(read_scales(r, json, out));
  SLUICE_TRY_VOID(check_size(r, out));
  return out;
}

// Tensors may not claim more bytes than there are, nor files share a name.
Status check_whole(const Reader& r, const PackIndex& index) {
  std::set<std::string_view> names;
  for (const PackCopyOf& copy : index.copies) {
    if (!names.insert(copy.name).second) return r.bad(fmt::format("{} is listed twice", shown(copy.name)));
  }
  std::vector<uint64_t> left;
  const bool plan = index.files.empty() || index.files.front().sums.empty();
  for (const PackFile& file : index.files) {
    if (!names.insert(file.name).second) return r.bad(fmt::format("{} is listed twice", shown(file.name)));
    if (file.sums.empty() != plan && file.bytes > 0) return r.bad("some files have no checksums");
    left.push_back(file.bytes);
  }
  for (const Tensor& tensor : index.tensors) {
    for (const Extent* part : {&tensor.data, &tensor.scales, &tensor.biases}) {
      if (part->bytes == 0) continue;
      uint64_t& room = left[static_cast<size_t>(part->file)];
      if (part->bytes > room) return r.bad(fmt::format("{}: tensors overlap", shown(tensor.name)));
      room -= part->bytes;
    }
  }
  return {};
}

template <class T, class Read>
Status read_rows(const Reader& r, const Json& json, const char* key, size_t most, std::vector<T>& out, Read read) {
  SLUICE_TRY(const auto* rows, r.list(json.member(key), key, 0, most));
  for (const Json& row : *rows) {
    SLUICE_TRY(T value, read(row));
    out.push_back(std::move(value));
  }
  return {};
}

}  // namespace

Result<PackIndex> parse_index_body(std::string_view text, std::string_view where) {
  SLUICE_TRY(const Json json, parse_json(text, where));
  const Reader r(where);
  PackIndex out;
  SLUICE_TRY(out.layout, r.text(json.member("layout"), "layout"));
  SLUICE_TRY(const std::string container, r.text(json.member("container"), "container"));
  if (container != "gguf" && container != "safetensors") return r.bad("container is neither gguf nor safetensors");
  out.container = container == "gguf" ? Container::gguf : Container::safetensors;
  const Json* mlx = json.member("mlx");
  if (!mlx || !mlx->as<bool>()) return r.bad("mlx is missing or no boolean");
  out.mlx = *mlx->as<bool>();
  SLUICE_TRY_VOID(
      read_rows(r, json, "sources", kMaxFiles, out.sources, [&](const Json& row) { return read_source(r, row); }));
  SLUICE_TRY_VOID(
      read_rows(r, json, "copies", kMaxFiles, out.copies, [&](const Json& row) { return read_copy(r, row); }));
  SLUICE_TRY_VOID(
      read_rows(r, json, "files", kMaxFiles, out.files, [&](const Json& row) { return read_file(r, row); }));
  SLUICE_TRY_VOID(read_rows(r, json, "tensors", kMaxJsonValues, out.tensors,
                            [&](const Json& row) { return read_tensor(r, row, out.files); }));
  SLUICE_TRY_VOID(check_whole(r, out));
  SLUICE_TRY_VOID(sort_tensors(where, out.tensors));
  return out;
}

Result<PackIndex> parse_index(std::string_view text, std::string_view where) {
  constexpr std::string_view kMagic = "sluice pack ";
  const size_t end = text.find('\n');
  if (!text.starts_with(kMagic) || end == std::string_view::npos || end > 60) {
    return Error{Code::corrupt, fmt::format("{}: not the index of a pack; remove the pack and make it again", where)};
  }
  const std::string_view version = text.substr(kMagic.size(), text.find(' ', kMagic.size()) - kMagic.size());
  if (version != std::to_string(kPackVersion)) {
    return Error{Code::unsupported, fmt::format("{}: version {} of the format, this program reads {}", where,
                                                shown(version), kPackVersion)};
  }
  const std::string_view body = text.substr(end + 1);
  if (text.substr(0, end + 1) != index_head(body)) {
    return Error{Code::corrupt,
                 fmt::format("{}: it does not have its checksum; remove the pack and make it again", where)};
  }
  return parse_index_body(body, where);
}

Result<PackIndex> read_pack_index(const std::string& folder) {
  const std::string path = fmt::format("{}/{}", folder, kPackIndexName);
  SLUICE_TRY(const std::string text, io::read_text(path, kMaxIndex));
  SLUICE_TRY(PackIndex index, parse_index(text, path));
  const Reader r(path);
  const auto check = [&](const std::string& name, uint64_t bytes) -> Status {
    std::error_code error;
    const auto size = std::filesystem::file_size(folder + "/" + name, error);
    if (error) return r.bad(fmt::format("{}: {}", shown(name), error.message()));
    if (size != bytes) return r.bad(fmt::format("{} has {} bytes, not {}", shown(name), size, bytes));
    return {};
  };
  for (const PackCopyOf& copy : index.copies) SLUICE_TRY_VOID(check(copy.name, copy.bytes));
  for (const PackFile& file : index.files) {
    SLUICE_TRY_VOID(check(file.name, file.bytes));
    if (file.sums.empty() && file.bytes > 0) return r.bad(fmt::format("{} has no checksums", shown(file.name)));
  }
  return index;
}

}  // namespace sluice::store
