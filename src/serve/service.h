// What all routes share: the model behind them and its name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "serve/grammars.h"
#include "serve/sampled_turns.h"
#include "serve/turns.h"
#include "sluice/scheduler.h"

namespace sluice::serve {

struct Service {
  Scheduler& scheduler;
  std::string model;                 // its name in answers
  std::vector<std::string> aliases;  // further names that requests may use
  int64_t started = 0;               // seconds since 1970
  mutable Grammars grammars = {};
  SampledTurns sampled = SampledTurns();
  // Rendering and tokenising megabytes takes a core for seconds: so many large requests do it at once, whoever floods.
  mutable Turns preparing{2};

  // Whether this is the model a request means.
  bool answers_to(const std::string& name) const {
    if (name == model) return true;
    for (const std::string& alias : aliases) {
      if (name == alias) return true;
    }
    return false;
  }
};

}  // namespace sluice::serve
