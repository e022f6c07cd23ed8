#include "store/pack_plan.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <tuple>
#include <utility>

#include "io/file.h"
#include "store/checksum.h"
#include "store/gguf.h"
#include "store/load.h"
#include "store/names.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kTrunkPiece = uint64_t{4} << 20;
constexpr uint64_t kLargestCopy = uint64_t{256} << 20;
constexpr std::string_view kTrunkName = "trunk.bin";
constexpr std::string_view kSingleName = "experts.bin";

constexpr PackLayout kLayouts[] = {
    {"record", "one file a layer, the experts in order", false},
    {"single", "all layers in one file", true},
};

// What a folder of safetensors has besides weights: read by config_json.cc and the runtime's vocabulary.
constexpr std::string_view kFolderCopies[] = {"config.json", "generation_config.json", "tokenizer.json",
                                              "tokenizer_config.json", "chat_template.jinja"};

constexpr uint64_t align_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// A part of an expert and its new place.
struct Moved {
  int32_t file;
  uint64_t offset, bytes;
  int32_t new_file;
  uint64_t new_offset;

  auto key() const { return std::tuple(file, offset); }
};

class Planner {
 public:
  Planner(const ModelFiles& model, const PackLayout& layout, PackPlan& plan)
      : model_(model), layout_(layout), plan_(plan) {}

  Status run(std::span<const PackLayer> layers) {
    add_file(std::string(kTrunkName));
    for (const PackLayer& layer : layers) SLUICE_TRY_VOID(add_layer(layer));
    std::sort(moved_.begin(), moved_.end(), [](const Moved& a, const Moved& b) { return a.key() < b.key(); });
    plan_.index.tensors = model_.tensors;
    for (Tensor& tensor : plan_.index.tensors) {
      for (Extent* part : {&tensor.data, &tensor.scales, &tensor.biases}) {
        if (part->bytes > 0 && !relocate(tensor, *part)) trunk_.push_back(part);
      }
    }
    if (relocated_ != moved_.size()) {
      return Error{Code::unsupported,
                   fmt::format("{}: its experts are no slices of its tensors; it cannot be packed", model_.path)};
    }
    add_trunk();
    return {};
  }

 private:
  size_t add_file(std::string name) {
    plan_.index.files.emplace_back().name = std::move(name);
    plan_.moves.emplace_back();
    return plan_.index.files.size() - 1;
  }

  // One record an expert: its parts one after the other as load.h lays them out, the next record aligned.
  Status add_layer(const PackLayer& layer) {
    const auto parts = static_cast<size_t>(layer.parts);
    if (parts == 0 || layer.extents.empty()) return {};
    const bool reuse = layout_.one_file && plan_.index.files.size() > 1;
    const size_t file =
        reuse ? plan_.index.files.size() - 1
              : add_file(layout_.one_file ? std::string(kSingleName) : fmt::format("layer-{:03}.bin", layer.layer));
    const uint64_t begin = plan_.index.files[file].bytes;
    uint64_t stride = 0;
    for (size_t p = 0; p < parts; ++p) stride = align_up(stride, kPartAlignment) + layer.extents[p].bytes;
    stride = align_up(stride, kRecordAlignment);
    for (size_t e = 0; e < layer.extents.size() / parts; ++e) {
      uint64_t at = begin + e * stride;
      for (size_t p = 0; p < parts; ++p) {
        const Extent& from = layer.extents[e * parts + p];
        if (from.bytes != layer.extents[p].bytes) {
          return Error{Code::unsupported, fmt::format("{}: layer {} expert {}: of another size than expert 0",
                                                      model_.path, layer.layer, e)};
        }
        at = align_up(at, kPartAlignment);
        plan_.moves[file].push_back({at, from.file, from.offset, from.bytes});
        moved_.push_back({from.file, from.offset, from.bytes, static_cast<int32_t>(file), at});
        at += from.bytes;
      }
    }
    const uint64_t bytes = layer.extents.size() / parts * stride;
    plan_.index.files[file].sections.push_back({layer.layer, bytes, stride});
    plan_.index.files[file].bytes += bytes;
    return {};
  }

  const Moved* moved(int32_t file, uint64_t offset, uint64_t bytes) const {
    const auto it = std::lower_bound(moved_.begin(), moved_.end(), std::tuple(file, offset),
                                     [](const Moved& m, const auto& key) { return m.key() < key; });
    return it != moved_.end() && it->key() == std::tuple(file, offset) && it->bytes == bytes ? &*it : nullptr;
  }

  // Points `part` at its experts' records, if that is what it is: one expert, or a stack of them.
  bool relocate(const Tensor& tensor, Extent& part) {
    if (const Moved* whole = moved(part.file, part.offset, part.bytes)) {
      part = {whole->new_file, whole->new_offset, part.bytes};
      ++relocated_;
      return true;
    }
    const auto slices = tensor.shape.size() >= 3 ? static_cast<uint64_t>(tensor.shape[0]) : 0;
    if (slices < 2 || part.bytes % slices != 0) return false;
    const uint64_t each = part.bytes / slices;
    Extent out;
    for (uint64_t e = 0; e < slices; ++e) {
      const Moved* slice = moved(part.file, part.offset + e * each, each);
      if (slice == nullptr) return false;
      if (e == 0) out = {slice->new_file, slice->new_offset, part.bytes};
      if (e == 1) out.stride = slice->new_offset - out.offset;
      if (slice->new_file != out.file || slice->new_offset != out.offset + e * out.stride) return false;
    }
    part = out;
    relocated_ += slices;
    return true;
  }

  // The rest in the order of the source, so that both are read and written front to back.
  void add_trunk() {
    std::sort(trunk_.begin(), trunk_.end(), [](const Extent* a, const Extent* b) {
      return std::tie(a->file, a->offset) < std::tie(b->file, b->offset);
    });
    uint64_t at = 0;
    for (Extent* part : trunk_) {
      plan_.moves[0].push_back({at, part->file, part->offset, part->bytes});
      *part = {0, at, part->bytes};
      at = align_up(at + part->bytes, kPartAlignment);
    }
    PackFile& file = plan_.index.files[0];
    file.bytes = align_up(std::max<uint64_t>(at, 1), kRecordAlignment);
    file.sections.push_back({-1, file.bytes, std::min(file.bytes, kTrunkPiece)});
  }

  const ModelFiles& model_;
  const PackLayout& layout_;
  PackPlan& plan_;
  std::vector<Moved> moved_;  // sorted once all are there
  std::vector<Extent*> trunk_;
  size_t relocated_ = 0;
};

Status add_sources(const ModelFiles& model, PackIndex& index) {
  for (const io::File& file : model.files) {
    struct stat st {};
    if (::fstat(file.fd(), &st) != 0) return Error{Code::io, fmt::format("{}: {}", file.path(), strerror(errno))};
#ifdef __APPLE__
    const timespec time = st.st_mtimespec;
#else
    const timespec time = st.st_mtim;
#endif
    index.sources.push_back({fs::path(file.path()).filename().string(), file.size(),
                             int64_t{time.tv_sec} * 1'000'000'000 + int64_t{time.tv_nsec}});
  }
  return {};
}

void add_copy(PackPlan& plan, std::string_view name, std::string content) {
  plan.index.copies.push_back({std::string(name), content.size(), checksum(std::as_bytes(std::span(content)))});
  plan.copies.push_back(std::move(content));
}

Status add_copies(const ModelFiles& model, PackPlan& plan) {
  if (model.container == Container::gguf) {
    SLUICE_TRY(const GgufKeyValues head, read_gguf_key_values(model.files.front()));
    std::string content(head.bytes, '\0');
    SLUICE_TRY_VOID(model.files.front().read(0, std::as_writable_bytes(std::span(content))));
    add_copy(plan, kGgufMetadataName, std::move(content));
    return {};
  }
  const std::string folder = fs::path(model.files.front().path()).parent_path().string();
  for (const std::string_view name : kFolderCopies) {
    auto content = io::read_text(fmt::format("{}/{}", folder.empty() ? "." : folder, name), kLargestCopy);
    if (content.ok()) {
      add_copy(plan, name, std::move(content).value());
    } else if (content.error().code != Code::not_found) {
      return std::move(content).error();
    }
  }
  return {};
}

}  // namespace

std::span<const PackLayout> pack_layouts() {
  return kLayouts;
}

std::string pack_layout_names() {
  std::string out;
  for (const PackLayout& layout : kLayouts) out += fmt::format("{}{}", out.empty() ? "" : ", ", layout.name);
  return out;
}

Result<PackPlan> plan_pack(const ModelFiles& model, std::span<const PackLayer> layers, std::string_view layout) {
  const auto* found =
      std::find_if(std::begin(kLayouts), std::end(kLayouts), [&](const PackLayout& l) { return l.name == layout; });
  if (found == std::end(kLayouts)) {
    return Error{Code::invalid,
                 fmt::format("layout \"{}\" is not known; these are: {}", shown(layout), pack_layout_names())};
  }
  if (model.packed) {
    return Error{Code::unsupported, fmt::format("{}: a pack already; pack what it was made from", model.path)};
  }
  PackPlan plan;
  plan.index.layout = layout;
  plan.index.container = model.container;
  plan.index.mlx = model.mlx;
  SLUICE_TRY_VOID(add_sources(model, plan.index));
  SLUICE_TRY_VOID(add_copies(model, plan));
  SLUICE_TRY_VOID(Planner(model, *found, plan).run(layers));
  // What we write we must be able to read.
  SLUICE_TRY(plan.index, parse_index(index_text(plan.index), "the index of the pack"));
  return plan;
}

}  // namespace sluice::store
