#include "cli/warm_start.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "cli/environment.h"

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

// FNV-1a: names have to differ, no more.
uint64_t hash(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

}  // namespace

std::string use_counts_path(const std::string& model) {
  const fs::path cache = user_folder("XDG_CACHE_HOME", ".cache");
  if (cache.empty()) return "";
  std::error_code error;
  const fs::path folder = cache / "uses";
  fs::create_directories(folder, error);
  if (error) return "";
  const std::string whole = fs::weakly_canonical(model, error).string();
  return (folder / fmt::format("{}-{:016x}", fs::path(model).filename().string(), hash(whole))).string();
}

}  // namespace sluice::cli
