// The kernels of this build, by instruction set, and which of them this processor runs.
#pragma once

#include <string_view>
#include <vector>

namespace sluice {

struct InstructionSetInfo {
  std::string_view name;   // as EngineOptions::isa takes it
  std::string_view needs;  // what the processor must have
  bool supported = false;  // here
};

// Worst to best; the last supported one is what an engine chooses by itself.
std::vector<InstructionSetInfo> instruction_sets();

}  // namespace sluice
