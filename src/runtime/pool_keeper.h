// Keeps the slot pool as large as helps: after every token it looks at how memory fares and follows the governor's
// advice, giving the memory of retired slots back. Only for memory that was found free, not for a budget the user named.
#pragma once

#include "base/pressure.h"
#include "runtime/expert_store.h"
#include "runtime/governor.h"

namespace sluice::runtime {

// Not thread-safe.
class PoolKeeper {
 public:
  // `reserve`: bytes that must stay available to everybody else. `pool` must outlive it; its memory must not be
  // registered with a queue.
  PoolKeeper(SlotPool& pool, uint64_t reserve);

  // A token has been decoded in so many seconds; the counters before and after it.
  void token(double seconds, const ExpertCounters& before, const ExpertCounters& after);

  const Governor& governor() const { return governor_; }

 private:
  SlotPool& pool_;
  PressureMeter meter_;
  Governor governor_;
};

}  // namespace sluice::runtime
