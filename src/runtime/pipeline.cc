#include "runtime/pipeline.h"

#include <variant>

namespace sluice::runtime {
namespace {

void observe(const model::Plan& plan, const device::Workspace& w, const model::Step& step, int64_t tokens, Observer& o) {
  const auto floats = static_cast<size_t>(tokens * plan.hidden);
  if (std::holds_alternative<model::Embed>(step.op)) o.hidden(0, {w.residual, floats});
  if (std::holds_alternative<model::Norm>(step.op) && step.layer == plan.layers) o.hidden(plan.layers, {w.normed, floats});
  if (std::holds_alternative<model::Route>(step.op)) {
    o.routed(step.layer, {w.chosen, static_cast<size_t>(tokens * plan.top_k)});
  }
}

}  // namespace

Status run_chunk(const model::Plan& plan, device::CpuDevice& device, const device::Chunk& chunk,
                 const std::atomic<bool>* cancel, Observer* observer) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  int32_t layer = 0;
  for (const model::Step& step : plan.steps) {
    if (observer != nullptr && step.layer > layer && step.layer < plan.layers) {
      observer->hidden(step.layer, {device.workspace().residual, static_cast<size_t>(tokens * plan.hidden)});
      layer = step.layer;
    }
    const bool cancelled = cancel != nullptr && cancel->load(std::memory_order_relaxed);
    Status status = cancelled ? Status(Error{Code::cancelled, "cancelled"}) : device.run(step, chunk);
    if (!status.ok()) {
      chunk.port->abandon();
      return status;
    }
    if (observer != nullptr) observe(plan, device.workspace(), step, tokens, *observer);
  }
  chunk.state->position += tokens;
  return {};
}

}  // namespace sluice::runtime
