#include "cli/models_folder.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/environment.h"
#include "hub/local.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

// A path that was mistyped should be called one.
bool looks_like_a_path(const std::string& model) {
  return model.ends_with(".gguf") || model.ends_with(".safetensors");
}

}  // namespace

std::string models_folder() {
  const fs::path folder = user_folder("XDG_DATA_HOME", ".local/share");
  return folder.empty() ? "" : (folder / "models").string();
}

Result<std::string> model_path(const std::string& model) {
  std::error_code ignored;
  const auto name = hub::parse_name(model);
  const std::string folder = models_folder();
  if (!name || fs::exists(model, ignored) || looks_like_a_path(model) || folder.empty()) return model;
  SLUICE_TRY(const hub::LocalModel found, hub::find_local(folder, *name));
  if (found.finished) return found.path;
  return Error{Code::not_found,
               fmt::format("{}: only a part of it was pulled: sluice pull {} goes on", name->shown(), name->shown())};
}

}  // namespace sluice::cli
