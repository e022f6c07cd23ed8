#include "runtime/pass.h"

#include <array>

#include "base/check.h"
#include "runtime/engine_parts.h"

namespace sluice::runtime {
namespace {

Walk walk_of(Engine::Parts& e, PhaseTimes& phases, const Pass& pass) {
  return {.plan = e.plan,
          .device = *e.device,
          .counters = &e.experts->counters(),
          .lookahead = &*e.lookahead,
          .phases = &phases,
          .trace = e.trace.on() ? &e.trace : nullptr,
          .recorder = e.recorder.get(),
          .observer = e.observer,
          .cancel = pass.cancel,
          .layer_done = pass.layer_done};
}

device::Chunk chunk_of(Engine::Parts& e, std::span<const device::Part> parts, const Pass& pass) {
  return {.tokens = pass.tokens,
          .parts = parts,
          .port = e.experts.get(),
          .first_logits = pass.first_logits,
          .logits = pass.logits,
          .routes = e.routes.get(),
          .prompt = pass.prompt};
}

Status before(Session::Parts& s, const Pass& pass) { return s.drafter != nullptr ? s.drafter->before(pass) : Status{}; }
Status behind(Session::Parts& s, const Pass& pass) { return s.drafter != nullptr ? s.drafter->behind(pass) : Status{}; }

Status run(Session::Parts& s, const Pass& pass) {
  SLUICE_TRY_VOID(before(s, pass));
  const device::Part part{&s.state, 0, static_cast<int64_t>(pass.tokens.size()), pass.drafts};
  SLUICE_TRY_VOID(run_chunk(walk_of(s.engine, s.phases, pass), chunk_of(s.engine, {&part, 1}, pass)));
  return behind(s, pass);
}

Status run(std::span<Session::Parts* const> sessions, const Pass& all) {
  std::array<device::Part, device::kMostParts> parts;
  const auto own = [&](size_t i) { return Pass{.tokens = all.tokens.subspan(i, 1), .row = static_cast<int64_t>(i)}; };
  for (size_t i = 0; i < sessions.size(); ++i) {
    SLUICE_TRY_VOID(before(*sessions[i], own(i)));
    parts[i] = {&sessions[i]->state, static_cast<int64_t>(i), 1};
  }
  Engine::Parts& e = sessions.front()->engine;
  PhaseTimes phases;
  SLUICE_TRY_VOID(run_chunk(walk_of(e, phases, all), chunk_of(e, std::span(parts).first(sessions.size()), all)));
  for (size_t i = 0; i < sessions.size(); ++i) {
    sessions[i]->phases.add(phases, 1.0 / static_cast<double>(sessions.size()));
    SLUICE_TRY_VOID(behind(*sessions[i], own(i)));
  }
  return {};
}

}  // namespace

Status run_pass(Session::Parts& s, const Pass& pass) {
  Status status = run(s, pass);
  if (!status.ok()) s.broken = true;
  return status;
}

Status run_together(std::span<Session::Parts* const> sessions, std::span<const int32_t> tokens, float* logits) {
  SLUICE_CHECK(!sessions.empty() && sessions.size() == tokens.size() && sessions.size() <= size_t{device::kMostParts});
  Status status = run(sessions, {.tokens = tokens, .logits = logits});
  for (Session::Parts* s : sessions) s->broken = s->broken || !status.ok();
  return status;
}

}  // namespace sluice::runtime
