#include "runtime/pipeline.h"

#include <chrono>
#include <variant>

namespace sluice::runtime {
namespace {

using Clock = std::chrono::steady_clock;

void observe(const model::Plan& plan, const device::Workspace& w, const model::Step& step, int64_t tokens, Observer& o) {
  const auto floats = static_cast<size_t>(tokens * plan.hidden);
  if (std::holds_alternative<model::Embed>(step.op)) o.hidden(0, {w.residual, floats});
  if (std::holds_alternative<model::Norm>(step.op) && step.layer == plan.layers) o.hidden(plan.layers, {w.normed, floats});
  if (std::holds_alternative<model::Route>(step.op)) {
    o.routed(step.layer, {w.chosen, static_cast<size_t>(tokens * plan.top_k)});
  }
}

void record(const Walk& walk, const model::Step& step, int64_t tokens) {
  const auto* s = std::get_if<model::Route>(&step.op);
  if (s == nullptr) return;
  walk.recorder->routed(s->moe_index, {walk.device.workspace().chosen, static_cast<size_t>(tokens * s->top_k)});
}

// Where a step's time is booked, and the step's name in a trace.
struct Kind {
  double PhaseTimes::* phase;
  const char* name;
};
Kind kind_of(const model::Step& step) {
  struct Visitor {
    Kind operator()(const model::Attention&) const { return {&PhaseTimes::attention, "attention"}; }
    Kind operator()(const model::DeltaNet&) const { return {&PhaseTimes::delta_net, "delta net"}; }
    Kind operator()(const model::Route&) const { return {&PhaseTimes::router, "router"}; }
    Kind operator()(const model::SharedFfn&) const { return {&PhaseTimes::shared, "shared expert"}; }
    Kind operator()(const model::Experts&) const { return {&PhaseTimes::experts, "experts"}; }
    Kind operator()(const model::Head&) const { return {&PhaseTimes::head, "head"}; }
    Kind operator()(const model::Join&) const { return {&PhaseTimes::drafts, "join"}; }
    Kind operator()(const model::Embed&) const { return {&PhaseTimes::other, "embedding"}; }
    Kind operator()(const model::Norm&) const { return {&PhaseTimes::other, "norm"}; }
    Kind operator()(const model::Add&) const { return {&PhaseTimes::other, "add"}; }
  };
  return std::visit(Visitor{}, step.op);
}

// Books time from one mark to the next under a phase; what compute waited for reads meanwhile apart.
class Stopwatch {
 public:
  explicit Stopwatch(const Walk& walk) : walk_(walk), at_(Clock::now()), stalled_(stalled()) {}

  void book(const Kind& kind, int32_t layer) {
    const Clock::time_point now = Clock::now();
    const double wait = stalled() - stalled_;
    (*walk_.phases).*(walk_.draft_head ? &PhaseTimes::drafts : kind.phase) += std::chrono::duration<double>(now - at_).count() - wait;
    walk_.phases->io_wait += wait;
    stalled_ += wait;
    if (walk_.trace != nullptr) walk_.trace->record(kind.name, layer, -1, TraceTrack::compute, ns(at_), ns(now));
    at_ = now;
  }

 private:
  static uint64_t ns(Clock::time_point t) {  // as trace_now
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count());
  }
  double stalled() const { return walk_.counters != nullptr ? walk_.counters->stall_s : 0; }

  const Walk& walk_;
  Clock::time_point at_;
  double stalled_;
};

Status run_steps(const Walk& walk, const device::Chunk& chunk, Stopwatch& watch) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  int32_t layer = 0;
  const std::vector<model::Step>& steps = walk.draft_head ? walk.plan.draft_steps : walk.plan.steps;
  for (size_t i = 0; i < steps.size(); ++i) {
    const model::Step& step = steps[i];
    if (step.layer > layer) {
      if (walk.observer != nullptr && step.layer < walk.plan.layers) {
        walk.observer->hidden(step.layer, {walk.device.workspace().residual, static_cast<size_t>(tokens * walk.plan.hidden)});
      }
      if (walk.layer_done != nullptr) (*walk.layer_done)(layer);
      layer = step.layer;
    }
    if (walk.cancel != nullptr && walk.cancel->load(std::memory_order_relaxed)) return Error{Code::cancelled, "cancelled"};
    SLUICE_TRY_VOID(walk.device.run(step, chunk));
    if (walk.observer != nullptr) observe(walk.plan, walk.device.workspace(), step, tokens, *walk.observer);
    if (walk.recorder != nullptr) record(walk, step, tokens);
    chunk.port->pump();
    watch.book(kind_of(step), step.layer);
    if (walk.lookahead == nullptr || !walk.lookahead->due(i)) continue;
    walk.lookahead->look(i, walk.device, chunk);
    watch.book({&PhaseTimes::lookahead, "look-ahead"}, step.layer);
  }
  return {};
}

}  // namespace

Status run_chunk(const Walk& walk, const device::Chunk& chunk) {
  PhaseTimes unwanted;
  Walk timed = walk;
  if (timed.phases == nullptr) timed.phases = &unwanted;
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  if (walk.lookahead != nullptr) walk.lookahead->begin_chunk(chunk.prompt, *walk.counters);
  if (chunk.routes != nullptr) chunk.routes->begin_chunk(tokens);
  Stopwatch watch(timed);
  Status status = run_steps(timed, chunk, watch);
  if (!status.ok()) {
    chunk.port->abandon();
    return status;
  }
  if (walk.recorder != nullptr) walk.recorder->end_chunk(tokens);
  for (const device::Part& part : chunk.parts) {
    part.state->position += part.count - part.drafts;
    part.state->held = 0;
  }
  return {};
}

}  // namespace sluice::runtime
