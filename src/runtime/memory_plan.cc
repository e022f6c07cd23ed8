#include "runtime/memory_plan.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/arena.h"
#include "device/cpu/workspace.h"
#include "device/state.h"
#include "model/trunk.h"

namespace sluice::runtime {
namespace {

constexpr int64_t kDefaultContext = 8192;
constexpr int32_t kLargestChunk = 256;
constexpr uint64_t kPage = 4096;

// The program itself, its stacks and I/O threads; and the tokenizer's tables by the token (measured: about 190 bytes a
// token and its merge with the real 248k vocabulary, docs/lab/2026-11-23-first-figures.md).
// Sampling holds about 32 bytes a vocabulary entry (logits, candidates, weights), the expert table an extent a part.
uint64_t process_bytes(const model::Plan& plan, const MemoryRequest& r) {
  uint64_t extents = 0;
  for (const model::ExpertLayer& layer : plan.expert_layers) extents += layer.extents.size();
  return (uint64_t{16} << 20) + kLogitsBytes + static_cast<uint64_t>(r.vocabulary) * 256 +
         static_cast<uint64_t>(plan.vocab) * 32 + extents * sizeof(store::Extent) * 2;
}

}  // namespace

std::string human_bytes(uint64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) value /= 1000, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.3g} {}", value, kUnits[unit]);
}

uint64_t slot_bytes(const model::Plan& plan) {
  uint64_t most = 0;
  for (const model::ExpertLayer& layer : plan.expert_layers) most = std::max(most, layer.slot_bytes);
  return align_up(most, kPage);
}

uint64_t default_budget(uint64_t available) {
  const uint64_t reserve = std::min(available / 10, uint64_t{1} << 30);
  return available - reserve;
}

Result<MemoryPlan> plan_memory(const model::Plan& plan, const MemoryRequest& r) {
  MemoryPlan m;
  m.budget = r.budget;
  m.context = r.context > 0 ? r.context : std::min(plan.context, kDefaultContext);
  if (m.context > plan.context) {
    return Error{Code::invalid, fmt::format("--ctx {}: this model takes at most {} positions", m.context, plan.context)};
  }
  m.process = process_bytes(plan, r);
  m.trunk = model::trunk_bytes(plan);
  m.state = device::state_bytes(plan, m.context);
  m.slot_bytes = slot_bytes(plan);
  const int64_t every = int64_t{plan.experts} * static_cast<int64_t>(plan.expert_layers.size());
  const int64_t token = int64_t{plan.top_k} * static_cast<int64_t>(plan.expert_layers.size());
  const uint64_t resident = m.process + m.trunk + m.state;
  const uint64_t token_experts = static_cast<uint64_t>(token) * m.slot_bytes;
  const uint64_t least_work = device::workspace_bytes(plan, 1, m.context, r.threads);
  m.floor = resident + least_work + token_experts;
  if (m.budget < m.floor) {
    return Error{Code::over_budget,
                 fmt::format("{} {}: this model needs at least {} ({} bytes): {} trunk, {} state for {} positions, {} "
                             "experts of one token, {} working buffers and program; give more or lower --ctx",
                             r.budget_given ? "--memory" : "memory left here:", human_bytes(m.budget), human_bytes(m.floor), m.floor, human_bytes(m.trunk), human_bytes(m.state),
                             m.context, human_bytes(token_experts), human_bytes(least_work + m.process))};
  }
  // A prompt's working buffers may take a quarter of what the floor leaves, unless the user fixed the chunk.
  const uint64_t spare = m.budget - m.floor;
  m.chunk = r.chunk > 0 ? r.chunk : kLargestChunk;
  auto work = [&](int32_t chunk) { return device::workspace_bytes(plan, chunk, m.context, r.threads); };
  while (r.chunk == 0 && m.chunk > 1 && work(m.chunk) - least_work > spare / 4) m.chunk /= 2;
  m.workspace = work(m.chunk);
  if (m.workspace - least_work > spare) {
    return Error{Code::over_budget, fmt::format("--chunk {}: its working buffers are {}, {} more than --memory {} leaves", m.chunk,
                                                human_bytes(m.workspace), human_bytes(m.workspace - least_work - spare),
                                                human_bytes(m.budget))};
  }
  const uint64_t left = m.budget - resident - m.workspace;
  m.slot_count = static_cast<int32_t>(std::min<uint64_t>(left / m.slot_bytes, static_cast<uint64_t>(every)));
  m.slots = static_cast<uint64_t>(m.slot_count) * m.slot_bytes;
  return m;
}

}  // namespace sluice::runtime
