#include "store/model_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "store/gguf.h"
#include "store/pack.h"
#include "store/places.h"
#include "store/safetensors.h"
#include "store/tensor_layout.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// The one model in the folder's .gguf files: parts of one split count as one.
Result<std::string> gguf_in_folder(const std::string& folder) {
  std::error_code error;
  std::set<std::string> models;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".gguf") continue;
    const std::string path = it->path().string();
    const auto split = split_name(path);
    models.insert(split ? split->part(1) : path);
  }
  if (error) return Error{Code::io, fmt::format("{}: cannot list: {}", folder, error.message())};
  if (models.size() == 1) return *models.begin();
  if (models.empty())
    return Error{Code::not_found, fmt::format("{}: no .safetensors and no .gguf files in it", folder)};
  return Error{Code::invalid,
               fmt::format("{}: {} models in this folder; name one file of them", folder, models.size())};
}

bool holds_safetensors(const std::string& folder) {
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const fs::path name = it->path().filename();
    if (name.extension() == ".safetensors" || name == "model.safetensors.index.json") return true;
  }
  return false;
}

// By name, or by the first bytes where the name does not tell.
Result<Container> container_of(const std::string& path) {
  if (path.ends_with(".gguf")) return Container::gguf;
  if (path.ends_with(".safetensors")) return Container::safetensors;
  SLUICE_TRY(const io::File file, io::File::open(path));
  char head[9] = {};
  const size_t bytes = static_cast<size_t>(std::min<uint64_t>(file.size(), sizeof(head)));
  SLUICE_TRY_VOID(file.read(0, std::as_writable_bytes(std::span(head, bytes))));
  if (std::memcmp(head, "GGUF", 4) == 0) return Container::gguf;
  if (head[8] == '{') return Container::safetensors;
  return Error{Code::unsupported, fmt::format("{}: neither a GGUF nor a safetensors file", path)};
}

Result<ModelFiles> open_parts(const std::string& path, const Places& places) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    if (is_pack(path)) return open_pack(path);
    if (holds_safetensors(path)) return open_safetensors(path, places);
    SLUICE_TRY(const std::string file, gguf_in_folder(path));
    SLUICE_TRY(ModelFiles model, open_gguf(file, places));
    model.path = path;
    return model;
  }
  SLUICE_TRY(const Container container, container_of(path));
  return container == Container::gguf ? open_gguf(path, places) : open_safetensors(path, places);
}

}  // namespace

int64_t Tensor::elements() const {
  return element_count(shape).value_or(0);
}

const Tensor* ModelFiles::find(std::string_view name) const {
  const auto it = std::lower_bound(tensors.begin(), tensors.end(), name,
                                   [](const Tensor& t, std::string_view n) { return t.name < n; });
  return it != tensors.end() && it->name == name ? &*it : nullptr;
}

Result<ModelFiles> open_model(const std::string& path) {
  return open_model(path, {});
}

Result<ModelFiles> open_model(const std::string& path, std::span<const std::string> more) {
  SLUICE_TRY(const Places places, Places::make(more));
  SLUICE_TRY(ModelFiles model, open_parts(path, places));
  SLUICE_TRY_VOID(add_copies(places, model));
  return model;
}

}  // namespace sluice::store
