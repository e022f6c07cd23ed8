// The profile of this machine that sluice doctor leaves for the other subcommands: a JSON file, written whole or not at
// all. docs/doctor.md has the schema.
#pragma once

#include <string>

#include "sluice/status.h"
#include "text/value.h"

namespace sluice::cli {

// $XDG_CONFIG_HOME/sluice/profile.json, else ~/.config/sluice/profile.json; "" when the environment names neither.
std::string profile_path();

// Drives of the profile at `path` that `profile` does not measure are kept in it. A profile that is not there, or is
// not one, has none.
void keep_other_drives(const std::string& path, text::Value& profile);

// Errors: io.
Status save_profile(const std::string& path, const text::Value& profile);

}  // namespace sluice::cli
