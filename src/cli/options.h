// The options common to the subcommands that take a model, and the model that is used without -m.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "sluice/model_info.h"
#include "sluice/options.h"
#include "sluice/status.h"

namespace sluice::cli {

struct ModelOptions {
  EngineOptions engine;
  std::optional<uint64_t> seed;
  bool json = false;
};

// -m, --json.
void add_model(Arguments& arguments, ModelOptions& options);
// What the model's shape in memory depends on: --ctx, --experts, --kv, --threads, --chunk.
void add_shape(Arguments& arguments, ModelOptions& options);
// How it runs: --memory, --isa, --pin, --io, --io-backend, --lookahead, --speculate, --draft, --policy, --seed.
void add_running(Arguments& arguments, ModelOptions& options);
// What is known of the machine, for the limit: --ssd, --ram.
void add_rates(Arguments& arguments, ModelOptions& options);

// --timing, --trace, --record-routes: for those who look into a run.
struct LookInside {
  bool timing = false;
  std::string trace;
};
void add_look_inside(Arguments& arguments, ModelOptions& options, LookInside& inside);

// Fills in the rates that the user did not give, from the profile that sluice doctor saved; what it lacks stays 0.
void choose_rates(EngineOptions& options);
void choose_rates(EngineOptions& options, const ModelInfo& info);

// Fills in the demo model where -m named none, and the path of a pulled model. Errors: not_found, saying how to name or
// pull one; invalid, where several fit.
Status choose_model(EngineOptions& options);

}  // namespace sluice::cli
