// What the environment says: variables, and the folders that the XDG base directory specification names by them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace sluice::cli {

// "" where it is not set.
inline std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Our part of the folder that `variable` ("XDG_DATA_HOME") names, else of `under_home` (".local/share") in the home folder;
// empty where the environment names neither. Makes nothing. A relative one counts as unset, says the specification.
inline std::filesystem::path user_folder(const char* variable, const char* under_home) {
  const std::filesystem::path folder = environment_variable(variable), home = environment_variable("HOME");
  if (folder.is_absolute()) return folder / "sluice";
  return home.empty() ? home : home / under_home / "sluice";
}

}  // namespace sluice::cli
