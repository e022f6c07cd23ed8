#include "runtime/pass.h"

#include "runtime/engine_parts.h"

namespace sluice::runtime {
namespace {

Status run(Session::Parts& s, const Pass& pass) {
  Engine::Parts& e = s.engine;
  if (s.drafter != nullptr) SLUICE_TRY_VOID(s.drafter->before(pass));
  device::Chunk chunk{.tokens = pass.tokens,
                      .state = &s.state,
                      .port = e.experts.get(),
                      .first_logits = pass.first_logits,
                      .logits = pass.logits,
                      .routes = e.routes.get(),
                      .prompt = pass.prompt,
                      .drafts = pass.drafts};
  const Walk walk{.plan = e.plan,
                  .device = *e.device,
                  .counters = &e.experts->counters(),
                  .lookahead = &*e.lookahead,
                  .phases = &s.phases,
                  .trace = e.trace.on() ? &e.trace : nullptr,
                  .recorder = e.recorder.get(),
                  .observer = e.observer,
                  .cancel = pass.cancel,
                  .layer_done = pass.layer_done};
  SLUICE_TRY_VOID(run_chunk(walk, chunk));
  return s.drafter != nullptr ? s.drafter->behind(pass) : Status{};
}

}  // namespace

Status run_pass(Session::Parts& s, const Pass& pass) {
  Status status = run(s, pass);
  if (!status.ok()) s.broken = true;
  return status;
}

}  // namespace sluice::runtime
