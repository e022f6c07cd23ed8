// The profile of this machine that sluice doctor leaves for the other subcommands: a JSON file, written whole or not at
// all. docs/doctor.md has the schema.
#pragma once

#include <cstdint>
#include <string>

#include "sluice/status.h"
#include "text/value.h"

namespace sluice::cli {

// $XDG_CONFIG_HOME/sluice/profile.json, else ~/.config/sluice/profile.json; "" when the environment names neither.
std::string profile_path();

// Drives of the profile at `path` that `profile` does not measure are kept in it. A profile that is not there, or is
// not one, has none.
void keep_other_drives(const std::string& path, text::Value& profile);

// The device that a file or folder lies on, "254:0"; "" when there is nothing.
std::string device_of(const std::string& path);

// What the machine gives, in decimal GB/s; 0: not known.
struct Rates {
  double ssd_gb_s = 0, ram_gb_s = 0;
};

// Of the profile at `path`, for a model's drive and reads of `read_bytes`: past the page cache (through it, where the
// drive was found to have no other way), at the depth where more reads in flight bring nothing, between the two nearest
// sizes measured. A profile that is not there, not one, or of another machine has no rates; nor has a drive that was
// not measured, or whose device number another one has by now. Nothing in the profile is trusted.
Rates read_rates(const std::string& path, const std::string& model, uint64_t read_bytes);

// Errors: io.
Status save_profile(const std::string& path, const text::Value& profile);

}  // namespace sluice::cli
