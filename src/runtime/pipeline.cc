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

double& phase_of(const model::Step& step, PhaseTimes& p) {
  struct Visitor {
    PhaseTimes& p;
    double& operator()(const model::Attention&) const { return p.attention; }
    double& operator()(const model::DeltaNet&) const { return p.delta_net; }
    double& operator()(const model::Route&) const { return p.router; }
    double& operator()(const model::SharedFfn&) const { return p.shared; }
    double& operator()(const model::Experts&) const { return p.experts; }
    double& operator()(const model::Head&) const { return p.head; }
    double& operator()(const model::Embed&) const { return p.other; }
    double& operator()(const model::Norm&) const { return p.other; }
    double& operator()(const model::Add&) const { return p.other; }
  };
  return std::visit(Visitor{p}, step.op);
}

// Books time from one mark to the next under a phase; what compute waited for reads meanwhile apart.
class Stopwatch {
 public:
  explicit Stopwatch(const Walk& walk) : walk_(walk), at_(Clock::now()), stalled_(stalled()) {}

  void book(double PhaseTimes::* phase) { book((*walk_.phases).*phase); }
  void book(const model::Step& step) { book(phase_of(step, *walk_.phases)); }

 private:
  void book(double& phase) {
    const Clock::time_point now = Clock::now();
    const double wait = stalled() - stalled_;
    phase += std::chrono::duration<double>(now - at_).count() - wait;
    walk_.phases->io_wait += wait;
    stalled_ += wait;
    at_ = now;
  }
  double stalled() const { return walk_.counters != nullptr ? walk_.counters->stall_s : 0; }

  const Walk& walk_;
  Clock::time_point at_;
  double stalled_;
};

Status run_steps(const Walk& walk, const device::Chunk& chunk, Stopwatch& watch) {
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  int32_t layer = 0;
  for (size_t i = 0; i < walk.plan.steps.size(); ++i) {
    const model::Step& step = walk.plan.steps[i];
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
    watch.book(step);
    if (walk.lookahead == nullptr || !walk.lookahead->due(i)) continue;
    walk.lookahead->look(i, walk.device, chunk);
    watch.book(&PhaseTimes::lookahead);
  }
  return {};
}

}  // namespace

Status run_chunk(const Walk& walk, const device::Chunk& chunk) {
  PhaseTimes unwanted;
  Walk timed = walk;
  if (timed.phases == nullptr) timed.phases = &unwanted;
  const auto tokens = static_cast<int64_t>(chunk.tokens.size());
  if (walk.lookahead != nullptr) walk.lookahead->begin_chunk(tokens, *walk.counters);
  if (chunk.routes != nullptr) chunk.routes->begin_chunk(tokens);
  Stopwatch watch(timed);
  Status status = run_steps(timed, chunk, watch);
  if (!status.ok()) {
    chunk.port->abandon();
    return status;
  }
  if (walk.recorder != nullptr) walk.recorder->end_chunk(tokens);
  chunk.state->position += tokens;
  return {};
}

}  // namespace sluice::runtime
