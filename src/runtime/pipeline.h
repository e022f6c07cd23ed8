// The walk of a chunk through the model: the steps in order, each run by the device.
#pragma once

#include <atomic>

#include "device/cpu/cpu_device.h"
#include "model/plan.h"

namespace sluice::runtime {

// Sees what passes between layers; for tests and tools that compare with a reference. Null in normal runs.
class Observer {
 public:
  virtual ~Observer() = default;
  // The state entering `layer`, [tokens, hidden]; for layer == Plan::layers the state after the final norm.
  virtual void hidden(int32_t layer, std::span<const float> state) = 0;
  // The experts chosen by a layer, [tokens, top_k] in routing order.
  virtual void routed(int32_t layer, std::span<const int32_t> experts) = 0;
};

// Runs all steps over `chunk` and advances its state's position. `cancel` and `observer` may be null. Errors: from the
// expert port; cancelled, once *cancel is seen true between two steps. The session's state is then unusable: the position
// is not advanced, recurrent states are.
Status run_chunk(const model::Plan& plan, device::CpuDevice& device, const device::Chunk& chunk,
                 const std::atomic<bool>* cancel, Observer* observer);

}  // namespace sluice::runtime
