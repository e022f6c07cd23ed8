#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "store/config_json.h"
#include "store/json_text.h"
#include "store/mlx.h"
#include "store/names.h"
#include "store/places.h"
#include "store/safetensors.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxIndex = 100'000'000;
constexpr size_t kMaxShards = 1000;  // one descriptor each
constexpr std::string_view kIndexName = "model.safetensors.index.json";
constexpr std::string_view kSingleName = "model.safetensors";

using WeightMap = std::map<std::string, std::string>;  // tensor -> file

struct Shards {
  std::vector<std::string> files;  // names inside the folder
  WeightMap claimed;               // empty without an index
};

// Shards lie in the model's own folder: a name with a path in it is refused.
bool good_file_name(const std::string& name) {
  return name_fault(name, 255).empty() && name.find_first_of("/\\") == std::string::npos && name != "." && name != "..";
}

Result<Shards> read_index(const std::string& path) {
  SLUICE_TRY(const std::string text, io::read_text(path, kMaxIndex));
  SLUICE_TRY(const Json json, parse_json(text, path));
  const Json* member = json.member("weight_map");
  const auto* entries = member ? member->as<Json::Object>() : nullptr;
  if (!entries) return Error{Code::corrupt, fmt::format("{}: weight_map is missing or no object", path)};
  Shards out;
  std::set<std::string> files;
  for (const auto& [tensor, value] : *entries) {
    const auto* file = value.as<std::string>();
    if (!file || !good_file_name(*file)) {
      return Error{Code::corrupt, fmt::format("{}: weight_map {}: '{}' is not a plain file name", path, shown(tensor),
                                              file ? shown(*file) : "")};
    }
    out.claimed.emplace(tensor, *file);
    files.insert(*file);
  }
  if (files.empty()) return Error{Code::corrupt, fmt::format("{}: weight_map is empty", path)};
  out.files.assign(files.begin(), files.end());
  return out;
}

Result<Shards> shards_of_folder(const std::string& folder) {
  std::error_code error;
  const std::string index = fmt::format("{}/{}", folder, kIndexName);
  if (fs::exists(index, error)) return read_index(index);
  if (fs::exists(fmt::format("{}/{}", folder, kSingleName), error)) return Shards{{std::string(kSingleName)}, {}};
  Shards out;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".safetensors") out.files.push_back(it->path().filename().string());
  }
  if (error) return Error{Code::io, fmt::format("{}: cannot list: {}", folder, error.message())};
  std::sort(out.files.begin(), out.files.end());
  if (out.files.empty()) return Error{Code::not_found, fmt::format("{}: no .safetensors files", folder)};
  return out;
}

// One file, or all shards where the index beside it lists the file as one of them.
Result<Shards> shards_of_file(const std::string& folder, const std::string& path) {
  std::error_code error;
  const std::string name = fs::path(path).filename().string();
  const std::string index = fmt::format("{}/{}", folder, kIndexName);
  if (fs::exists(index, error)) {
    SLUICE_TRY(Shards shards, read_index(index));
    if (std::binary_search(shards.files.begin(), shards.files.end(), name)) return shards;
  }
  return Shards{{name}, {}};
}

Status check_claims(const std::string& folder, const Shards& shards, RawTable& raw) {
  for (const auto& [name, file] : shards.claimed) {
    const RawTensor* tensor = raw.find(name);
    if (tensor && shards.files[static_cast<size_t>(tensor->extent.file)] == file) continue;
    return Error{Code::corrupt, fmt::format("{}/{}: tensor {} is not in {}, where the index has it", folder, kIndexName,
                                            shown(name), shown(file))};
  }
  return {};
}

Result<io::File> open_shard(const std::string& folder, const Places& places, const Shards& shards,
                            const std::string& name) {
  const std::string home = folder + "/" + name;
  // Without an index a shard is what lies in the folder: nothing can be missing.
  auto file = shards.claimed.empty() ? io::File::open(home) : places.open(home);
  if (file.ok() || file.error().code != Code::not_found || shards.claimed.empty()) return file;
  return Error{Code::not_found,
               fmt::format("{}/{}: this part of the model is missing; {} names it", folder, shown(name), kIndexName)};
}

}  // namespace

Result<ModelFiles> open_safetensors(const std::string& path, const Places& places) {
  std::error_code error;
  const bool is_folder = fs::is_directory(path, error);
  std::string folder = is_folder ? path : fs::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  SLUICE_TRY(const Shards shards, is_folder ? shards_of_folder(folder) : shards_of_file(folder, path));
  if (shards.files.size() > kMaxShards) {
    return Error{Code::unsupported, fmt::format("{}: {} files, more than {}", folder, shards.files.size(), kMaxShards)};
  }
  ModelFiles out;
  out.path = path;
  out.container = Container::safetensors;
  SLUICE_TRY(out.metadata, read_config(folder));
  std::vector<RawTensor> tensors;
  std::string format;
  for (const std::string& name : shards.files) {
    SLUICE_TRY(io::File file, open_shard(folder, places, shards, name));
    SLUICE_TRY(SafetensorsPart part, read_safetensors(file, static_cast<int32_t>(out.files.size())));
    std::move(part.tensors.begin(), part.tensors.end(), std::back_inserter(tensors));
    if (format.empty()) format = std::move(part.format);
    out.files.push_back(std::move(file));
  }
  SLUICE_TRY(RawTable raw, RawTable::make(folder, std::move(tensors)));
  SLUICE_TRY_VOID(check_claims(folder, shards, raw));
  out.mlx = written_by_mlx(format, out.metadata, raw);
  auto assembled = assemble(raw, out.metadata);
  if (!assembled.ok()) return std::move(assembled).error().within(folder);
  out.tensors = std::move(*assembled);
  return out;
}

}  // namespace sluice::store
