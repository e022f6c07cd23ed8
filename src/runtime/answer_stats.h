// What an answer cost: its part of what the engine did while it was made.
#pragma once

#include <chrono>
#include <cstdint>

#include "runtime/expert_store.h"
#include "sluice/session.h"
#include "sluice/stats.h"

namespace sluice::runtime {

struct DraftCounters;

// Of one phase, the prompt or decoding. Passes taken together with other answers count by their share.
struct AnswerCost {
  ExpertCounters experts;
  PhaseTimes phases;
  double seconds = 0;        // in passes
  double passes = 0;

  // A pass ended that `among` answers made together; this is answer number `index` of them.
  void add(const ExpertCounters& before, const ExpertCounters& now, double pass_s, size_t among, size_t index);
};

// Fills all of `stats` but the prompt's and decoding's tokens and seconds, which must be there. `alone`: decoding never
// shared a pass.
void fill_stats(Stats& stats, const Session::Parts& session, const AnswerCost& prompt, const AnswerCost& decode, const DraftCounters& drafts, bool alone);

PhaseTimes since(const PhaseTimes& now, const PhaseTimes& then);

}  // namespace sluice::runtime
