#include "runtime/memory_plan.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/arena.h"
#include "device/cpu/forecast_routers.h"
#include "device/cpu/workspace.h"
#include "device/state.h"
#include "model/trunk.h"

namespace sluice::runtime {
namespace {

constexpr int64_t kDefaultContext = 8192;
constexpr int32_t kLargestChunk = 2048;
constexpr int32_t kSmallPool = 32;  // slots a class, where the page cache is the cache: one expert computed, others read

// Logits of a pass over several tokens and of the head, states that wait for it, and what prompt lookup remembers.
uint64_t draft_bytes(const model::Plan& plan, const MemoryRequest& r) {
  if (r.drafts == 0) return 0;
  const auto context = static_cast<uint64_t>(r.context > 0 ? r.context : std::min(plan.context, kDefaultContext));
  const uint64_t logits = static_cast<uint64_t>(r.drafts + 2) * static_cast<uint64_t>(plan.vocab);
  const uint64_t states = static_cast<uint64_t>(plan.draft_layers) * kDraftStates * static_cast<uint64_t>(plan.hidden);
  return (logits + states + 5 * context) * sizeof(float);
}

// The program itself, its stacks and I/O threads; and the tokenizer's tables by the token (measured: about 190 bytes a
// token and its merge with the real 248k vocabulary, docs/lab/2026-11-23-first-figures.md).
// The expert table holds an extent a part.
uint64_t process_bytes(const model::Plan& plan, const MemoryRequest& r) {
  uint64_t extents = 0;
  for (const model::ExpertLayer& layer : plan.expert_layers) extents += layer.extents.size();
  return (uint64_t{16} << 20) + kLogitsBytes + static_cast<uint64_t>(r.vocabulary) * 256 +
         extents * sizeof(store::Extent) * 2;
}

// Of one session, beside its state: its sampler, its logits and those of a pass with others, what drafts need.
uint64_t answer_bytes(const model::Plan& plan, const MemoryRequest& r) {
  return static_cast<uint64_t>(plan.vocab) * 40 + draft_bytes(plan, r);
}

}  // namespace

std::string human_bytes(uint64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) value /= 1000, ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.3g} {}", value, kUnits[unit]);
}

uint64_t memory_reserve(uint64_t available) { return std::min(available / 10, uint64_t{1} << 30); }

uint64_t default_budget(uint64_t available) { return available - memory_reserve(available); }

namespace {

// Slots in `bytes`; none beyond a small pool where the page cache is to have the rest.
SlotPlan slots_in(const model::Plan& plan, const MemoryRequest& r, uint64_t bytes) {
  if (!r.small_pool) return plan_slots_in(plan, r.alignment, bytes);
  const int32_t each = std::max(kSmallPool, 2 * plan.top_k);
  return plan_slots(plan, r.alignment, 0, 0.0, each);
}

Error over_floor(const MemoryPlan& m, const MemoryRequest& r, uint64_t least_slots) {
  return {Code::over_budget,
          fmt::format("{} {}: this model needs at least {} ({} bytes): {} trunk, {} state for {} positions{}, {} experts of "
                      "{}, {} saved prefixes, working buffers and program; give more or lower --ctx",
                      r.budget_given ? "--memory" : "memory left here:", human_bytes(m.budget), human_bytes(m.floor),
                      m.floor, human_bytes(m.trunk), human_bytes(m.state), m.context,
                      m.sessions > 1 ? fmt::format(" of {} sessions", m.sessions) : "", human_bytes(least_slots),
                      r.small_pool ? "one layer" : "one token",
                      human_bytes(m.floor - m.trunk - m.state - least_slots))};
}

}  // namespace

Result<MemoryPlan> plan_memory(const model::Plan& plan, const MemoryRequest& r, SlotPlan* slots_out) {
  MemoryPlan m;
  m.budget = r.budget;
  m.context = r.context > 0 ? r.context : std::min(plan.context, kDefaultContext);
  if (m.context > plan.context) {
    return Error{Code::invalid, fmt::format("--ctx {}: this model takes at most {} positions", m.context, plan.context)};
  }
  const uint64_t one_answer = answer_bytes(plan, r), one_state = device::state_bytes(plan, m.context, r.kv, r.drafts > 0);
  m.sessions = std::max(r.sessions, 1);
  m.process = process_bytes(plan, r) + static_cast<uint64_t>(m.sessions) * one_answer;
  m.trunk = model::trunk_bytes(plan) + (r.lookahead ? device::ForecastRouters::bytes(plan) : 0);
  m.state = static_cast<uint64_t>(m.sessions) * one_state;
  const uint64_t least_slots = slots_in(plan, r, 0).bytes;
  if (r.snapshots > 0) m.snapshots = static_cast<uint64_t>(r.snapshots);
  const uint64_t least = m.process + m.trunk + m.state + m.snapshots;
  const int32_t least_chunk = std::max({1 + r.drafts, r.sessions, r.sessions < 0 ? kMostByItself : 1});
  auto work = [&](int32_t chunk) { return device::workspace_bytes(plan, std::max(chunk, least_chunk), m.context, r.threads); };
  const uint64_t least_work = work(1);
  m.floor = least + least_work + least_slots;
  if (m.budget < m.floor) return over_floor(m, r, least_slots);
  for (; r.sessions < 0 && m.sessions < kMostByItself; ++m.sessions) {
    const uint64_t more = one_state + one_answer;
    if (static_cast<uint64_t>(m.sessions) * more > (m.budget - m.floor) / 8) break;
    m.process += one_answer;
    m.state += one_state;
  }
  if (r.snapshots < 0) m.snapshots = std::min((m.budget - m.process - m.trunk - m.state - least_work - least_slots) / 8, kMostSnapshots);
  // A prompt's working buffers may take an eighth of what the floor leaves, unless the user fixed the chunk.
  const uint64_t resident = m.process + m.trunk + m.state + m.snapshots;
  const uint64_t spare = m.budget - resident - least_work - least_slots;
  m.chunk = r.chunk > 0 ? r.chunk : kLargestChunk;
  while (r.chunk == 0 && m.chunk > 1 && (m.chunk > m.context || work(m.chunk) - least_work > spare / 8)) m.chunk /= 2;
  m.workspace = work(m.chunk);
  if (m.workspace - least_work > spare) {
    return Error{Code::over_budget, fmt::format("--chunk {}: its working buffers are {}, {} more than --memory {} leaves", m.chunk,
                                                human_bytes(m.workspace), human_bytes(m.workspace - least_work - spare),
                                                human_bytes(m.budget))};
  }
  const SlotPlan slots = slots_in(plan, r, m.budget - resident - m.workspace);
  m.slot_bytes = slots.largest();
  m.slot_count = slots.slots;
  m.slots = slots.bytes;
  if (slots_out != nullptr) *slots_out = slots;
  return m;
}

}  // namespace sluice::runtime
