// The options common to the subcommands that take a model, and the model that is used without -m.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/arguments.h"
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
// What the model's shape in memory depends on: --ctx, --experts, --threads, --chunk.
void add_shape(Arguments& arguments, ModelOptions& options);
// How it runs: --memory, --isa, --io, --lookahead, --seed.
void add_running(Arguments& arguments, ModelOptions& options);

// Fills in the demo model where -m named none. Errors: not_found, saying how to name one.
Status choose_model(EngineOptions& options);

}  // namespace sluice::cli
