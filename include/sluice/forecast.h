// How fast a model will run, from its sizes and a machine's rates: no weight is read, and the machine need not be this
// one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sluice/engine.h"
#include "sluice/options.h"
#include "sluice/status.h"

namespace sluice {

// Of a stretch of tokens. Times in seconds, sizes in bytes, a token; unset: the machine's rates are not known.
struct SpeedForecast {
  double hit_rate = 0;      // share of expert uses served from a slot, decoding
  double expert_bytes = 0;  // touched (A)
  double ssd_bytes = 0;     // of them read (M)
  std::optional<double> tok_s;
  std::optional<double> prompt_tok_s;  // of a prompt of one chunk
  // The limit, 1 / max(ssd_s, ram_s): M over the drive's rate; A, M, trunk and state over memory's.
  std::optional<double> ssd_s, ram_s, limit_tok_s;
};

struct Forecast {
  std::string refused;  // why this budget is too small; then the rest is empty
  MemoryPlan memory;
  double resident_share = 0;                // of all experts, in slots
  double trunk_bytes = 0, state_bytes = 0;  // a token reads and writes
  SpeedForecast cold;                       // the first tokens after an empty cache
  SpeedForecast warm;                       // after some hundreds more
};

struct ForecastTable {
  std::string routes, policy, isa;  // by name, as chosen
  int32_t threads = 0;
  std::vector<Forecast> rows;  // one a budget
};

// A forecast for each budget; 0: what this machine has left. Of `options`, model, threads, context, experts, chunk,
// isa, lookahead, policy, ssd_gb_s and ram_gb_s count, and routes: a preset's name, by default one conversation.
// Errors: as inspect; invalid (an unknown name).
Result<ForecastTable> forecast(const EngineOptions& options, std::span<const uint64_t> budgets);

}  // namespace sluice
