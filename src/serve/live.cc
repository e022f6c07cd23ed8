// /live, /live/experts: the machine at this moment, for the page's view of it. Neither waits for the engine.
#include <algorithm>
#include <cmath>

#include "serve/routes.h"
#include "text/value.h"

namespace sluice::serve {
namespace {

using text::Value;

Value count(uint64_t n) { return Value::integer(static_cast<int64_t>(n)); }
Value maybe(const std::optional<double>& number) { return number ? Value::real(*number) : Value(); }

Value memory_of(const MemoryPlan& m) {
  return Value::map({{"budget", count(m.budget)}, {"process", count(m.process)}, {"trunk", count(m.trunk)}, {"state", count(m.state)},
                     {"workspace", count(m.workspace)}, {"slots", count(m.slots)}, {"snapshots", count(m.snapshots)}, {"slot_count", Value::integer(m.slot_count)},
                     {"slot_bytes", count(m.slot_bytes)}});
}

// Levels of use, '0' for none, then 1 to 9 and a to z: the square root of a share of the most used one, so that rare ones show.
char level(float uses, float most) {
  constexpr std::string_view kLevels = "0123456789abcdefghijklmnopqrstuvwxyz";
  if (most <= 0 || uses < 0.05f) return kLevels[0];
  const float share = std::sqrt(uses / most);
  return kLevels[static_cast<size_t>(std::clamp(std::lround(share * 35), 1L, 35L))];
}

}  // namespace

HttpResponse live(Service& service, const HttpRequest&, Peer&) {
  const SchedulerStatus s = service.scheduler.status();
  const Engine& engine = service.scheduler.engine();
  const ModelInfo& info = engine.info();
  const bool reading = s.running > 0 && s.prompt_share && *s.prompt_share < 1;
  const Value model = Value::map({{"name", Value::string(service.model)}, {"family", Value::string(info.family)},
                                  {"layers", Value::integer(info.layers)}, {"experts", Value::integer(info.experts)},
                                  {"top_k", Value::integer(info.top_k)}, {"file_bytes", count(info.file_bytes)},
                                  {"context", Value::integer(service.scheduler.context())}});
  const Value out = Value::map({{"model", model},
                                {"running", Value::integer(s.running)},
                                {"queued", Value::integer(s.queued)},
                                {"max_queue", Value::integer(s.max_queue)},
                                {"prompt_share", reading ? Value::real(*s.prompt_share) : Value()},
                                {"tok_s", Value::real(s.tok_s)},
                                {"limit_tok_s", maybe(s.limit_tok_s)},
                                {"ssd_gb_s", Value::real(s.ssd_gb_s)},
                                {"hit_rate", Value::real(s.hit_rate)},
                                {"expert_hits", count(s.expert_hits)},
                                {"expert_misses", count(s.expert_misses)},
                                {"bytes_read", count(s.bytes_read)},
                                {"generated_tokens", count(s.generated_tokens)},
                                {"finished", count(s.finished)},
                                {"memory", memory_of(engine.memory())}});
  return {200, "application/json", text::to_json(out)};
}

HttpResponse live_experts(Service& service, const HttpRequest&, Peer&) {
  const ExpertMap map = service.scheduler.experts();
  const float most = map.uses.empty() ? 0 : *std::max_element(map.uses.begin(), map.uses.end());
  const Value resident = Value::list(), use = Value::list();
  const auto width = static_cast<size_t>(map.experts);
  for (size_t from = 0; from < map.uses.size(); from += width) {
    std::string here(width, '0'), levels(width, '0');
    for (size_t i = 0; i < width; ++i) {
      if (map.resident[from + i] != 0) here[i] = '1';
      levels[i] = level(map.uses[from + i], most);
    }
    resident.push(Value::string(here));
    use.push(Value::string(levels));
  }
  const Value out = Value::map({{"version", count(map.version)}, {"layers", Value::integer(map.layers)}, {"experts", Value::integer(map.experts)},
                                {"in_memory", Value::integer(map.in_memory)}, {"slots", Value::integer(map.slots)},
                                {"resident", resident}, {"use", use}});
  return {200, "application/json", text::to_json(out)};
}

}  // namespace sluice::serve
