// The walk of a chunk through the model: the steps in order, each run by the device; look-ahead between layers.
#pragma once

#include <atomic>
#include <functional>

#include "base/trace.h"
#include "device/cpu/cpu_device.h"
#include "model/plan.h"
#include "runtime/lookahead.h"
#include "runtime/routes.h"
#include "sluice/stats.h"

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

// What walks along. All but the first two may be null.
struct Walk {
  const model::Plan& plan;
  device::CpuDevice& device;
  const ExpertCounters* counters = nullptr;  // of the port, where `phases` or `lookahead` are wanted
  Lookahead* lookahead = nullptr;
  PhaseTimes* phases = nullptr;              // added to
  Trace* trace = nullptr;
  RouteRecorder* recorder = nullptr;
  Observer* observer = nullptr;
  const std::atomic<bool>* cancel = nullptr;
  const std::function<void(int32_t layer)>* layer_done = nullptr;  // called after every layer
  bool draft_head = false;                   // Plan::draft_steps instead of the model's steps
};

// Runs all steps over `chunk` and advances its parts' positions past all tokens but drafts. Errors: from the expert port;
// cancelled, once *cancel is seen true between two steps. The sessions' states are then unusable: positions are not
// advanced, recurrent states are.
Status run_chunk(const Walk& walk, const device::Chunk& chunk);

}  // namespace sluice::runtime
