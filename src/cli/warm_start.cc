#include "cli/warm_start.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace sluice::cli {
namespace {

namespace fs = std::filesystem;

fs::path cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && fs::path(cache).is_absolute()) return cache;
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? fs::path(home) / ".cache" : fs::path();
}

// FNV-1a: names have to differ, no more.
uint64_t hash(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

}  // namespace

std::string use_counts_path(const std::string& model) {
  const fs::path cache = cache_folder();
  if (cache.empty()) return "";
  std::error_code error;
  const fs::path folder = cache / "sluice" / "uses";
  fs::create_directories(folder, error);
  if (error) return "";
  const std::string whole = fs::weakly_canonical(model, error).string();
  return (folder / fmt::format("{}-{:016x}", fs::path(model).filename().string(), hash(whole))).string();
}

}  // namespace sluice::cli
