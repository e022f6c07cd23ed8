#include "sluice/instruction_sets.h"

#include "kernels/kernel_table.h"

namespace sluice {

std::vector<InstructionSetInfo> instruction_sets() {
  std::vector<InstructionSetInfo> sets;
  for (const auto& set : kernels::instruction_sets()) sets.push_back({set.name, set.needs, set.supported()});
  return sets;
}

}  // namespace sluice
