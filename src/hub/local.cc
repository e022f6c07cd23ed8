#include "hub/local.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "hub/choose.h"
#include "hub/part_file.h"

namespace sluice::hub {
namespace {

namespace fs = std::filesystem;

struct Known {
  bool finished = true;
  std::vector<std::string> files;
};
using Files = std::map<std::string, Known>;  // by the hub's path

std::string folder_of(const std::string& folder, const ModelName& name) {
  return (fs::path(folder) / name.owner / name.repo).string();
}

Files files_in(const std::string& folder) {
  Files out;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error); !error && at != fs::recursive_directory_iterator();
       at.increment(error)) {
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    std::string path = at->path().lexically_relative(folder).generic_string();
    const bool partial = path.ends_with(kPartialEnding), journal = path.ends_with(kJournalEnding);
    if (partial || journal) path.resize(path.size() - (partial ? kPartialEnding : kJournalEnding).size());
    Known& known = out[path];
    known.files.push_back(at->path().string());
    if (partial) known.finished = false;
  }
  return out;
}

LocalModel described(const std::string& folder, const ModelName& name, const Choice& choice, const Files& files) {
  LocalModel model{name, folder, {}, 0, 0, true};
  model.name.tag = choice.tag;
  if (choice.gguf) model.path = (fs::path(folder) / choice.paths.front()).string();
  for (const std::string& path : choice.paths) {
    const Known& known = files.at(path);
    model.finished = model.finished && known.finished;
    for (const std::string& file : known.files) {
      model.files.push_back(file);
      struct stat st {};
      if (::stat(file.c_str(), &st) != 0) continue;
      model.bytes += static_cast<uint64_t>(st.st_size);
      model.changed = std::max(model.changed, st.st_mtime);
    }
  }
  return model;
}

std::vector<std::string> paths_of(const Files& files) {
  std::vector<std::string> paths;
  for (const auto& [path, known] : files) paths.push_back(path);
  return paths;
}

std::vector<std::string> folders_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) names.push_back(at->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<LocalModel> local_models(const std::string& folder) {
  std::vector<LocalModel> models;
  for (const std::string& owner : folders_in(folder)) {
    for (const std::string& repo : folders_in(fs::path(folder) / owner)) {
      const auto name = parse_name(owner + "/" + repo);
      if (!name) continue;
      const std::string place = folder_of(folder, *name);
      const Files files = files_in(place);
      for (const Choice& choice : models_in(paths_of(files))) models.push_back(described(place, *name, choice, files));
    }
  }
  return models;
}

Result<LocalModel> find_local(const std::string& folder, const ModelName& name) {
  const std::string place = folder_of(folder, name);
  const Files files = files_in(place);
  if (files.empty()) {
    return Error{Code::not_found,
                 fmt::format("{}: no such file, and no model of this name in {}: sluice pull {} fetches it",
                             name.shown(), folder, name.shown())};
  }
  auto choice = choose(paths_of(files), name.tag);
  if (!choice.ok())
    return std::move(choice).error().within(fmt::format("{} as pulled into {}", name.repository(), place));
  return described(place, name, *choice, files);
}

Status remove_local(const std::string& folder, const LocalModel& model) {
  for (const std::string& file : model.files) {
    std::error_code error;
    fs::remove(file, error);
    if (error) return Error{Code::io, fmt::format("{}: cannot remove: {}", file, error.message())};
  }
  const fs::path top = fs::path(folder).lexically_normal();
  for (const std::string& file : model.files) {
    for (fs::path at = fs::path(file).parent_path(); at != top && at.has_relative_path(); at = at.parent_path()) {
      std::error_code error;  // a folder that still has something in it stays
      if (!fs::remove(at, error) || error) break;
    }
  }
  return {};
}

}  // namespace sluice::hub
