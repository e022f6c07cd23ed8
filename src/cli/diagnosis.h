// What sluice doctor found, as figures, as verdicts for a person, and as JSON (docs/doctor.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ram_rate.h"
#include "io/probe.h"
#include "sluice/instruction_sets.h"
#include "text/value.h"

namespace sluice::cli {

struct Diagnosis {
  std::string written;  // UTC, "2026-11-23T03:50:00Z"
  // The machine; kNoLimit where there is none.
  std::string cpu;
  int32_t cores = 0;
  uint64_t memory = 0, available = 0, cgroup = 0, lockable = 0;
  std::string huge_pages;
  std::vector<InstructionSetInfo> kernels;
  RamRate ram;
  // The drive.
  std::string path;    // the folder or file that stands for it
  std::string device;  // "254:0"
  io::Probe probe;
};

// The mode to use on the drive: direct unless buffered reads are faster by more than the spread of such measurements.
io::Mode choose_mode(const io::Probe& probe);

// One line each: what was found and what to do about it.
std::vector<std::string> verdicts(const Diagnosis& diagnosis);

// A table of rates for each mode: sizes down, depths across.
std::string rate_tables(const io::Probe& probe);

// The profile, with this drive as the only one.
text::Value profile_value(const Diagnosis& diagnosis);

}  // namespace sluice::cli
