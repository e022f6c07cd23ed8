#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "store/config_json.h"
#include "store/gguf.h"
#include "store/pack.h"
#include "store/pack_index.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

bool there(const std::string& folder, std::string_view name) {
  std::error_code error;
  return fs::exists(fmt::format("{}/{}", folder, name), error);
}

Result<Metadata> read_metadata(const std::string& folder, Container container) {
  if (container == Container::safetensors) return read_config(folder);
  SLUICE_TRY(const io::File file, io::File::open(fmt::format("{}/{}", folder, kGgufMetadataName)));
  SLUICE_TRY(GgufKeyValues head, read_gguf_key_values(file));
  return std::move(head.metadata);
}

}  // namespace

bool is_pack(const std::string& folder) {
  return there(folder, kPackIndexName) || there(folder, kPackPlanName);
}

Result<ModelFiles> open_pack(const std::string& folder) {
  if (!there(folder, kPackIndexName)) {
    return Error{Code::corrupt, fmt::format("{}: pack not finished: run sluice pack again", folder)};
  }
  SLUICE_TRY(PackIndex index, read_pack_index(folder));
  ModelFiles out;
  out.path = folder;
  out.container = index.container;
  out.mlx = index.mlx;
  out.packed = true;
  SLUICE_TRY(out.metadata, read_metadata(folder, index.container));
  for (const PackFile& file : index.files) {
    SLUICE_TRY(io::File opened, io::File::open(folder + "/" + file.name));
    out.files.push_back(std::move(opened));
  }
  out.tensors = std::move(index.tensors);
  return out;
}

}  // namespace sluice::store
