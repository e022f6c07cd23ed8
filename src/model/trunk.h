// The trunk in memory: every weight that is not a routed expert, read once when the model is opened.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/arena.h"
#include "model/plan.h"

namespace sluice::model {

struct Trunk {
  std::vector<quant::Matrix> matrices;       // by MatrixId; views into `memory`
  std::vector<std::vector<float>> vectors;   // by VectorId
  Arena memory;
};

// Bytes load_trunk will hold.
uint64_t trunk_bytes(const Plan& plan);

// `progress` (may be empty) is told the share done after every matrix. Errors: io, corrupt, over_budget, with the tensor's
// name.
Result<Trunk> load_trunk(const store::ModelFiles& files, const Plan& plan, const std::function<void(double share)>& progress = {});

}  // namespace sluice::model
