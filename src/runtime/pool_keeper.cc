#include "runtime/pool_keeper.h"

namespace sluice::runtime {
namespace {

GovernorLimits limits_of(const SlotPool& pool, uint64_t reserve) {
  GovernorLimits limits;
  limits.least = pool.least();
  limits.most = pool.slots();
  limits.start = cautious_start(limits.least, limits.most);
  limits.slot_bytes = pool.plan().bytes / static_cast<uint64_t>(pool.slots());
  limits.reserve = reserve;
  return limits;
}

}  // namespace

PoolKeeper::PoolKeeper(SlotPool& pool, uint64_t reserve) : pool_(pool), governor_(limits_of(pool, reserve)) {
  pool_.set_limit(governor_.slots());
}

void PoolKeeper::token(double seconds, const ExpertCounters& before, const ExpertCounters& after) {
  const MemoryHealth health = meter_.sample();
  Sample sample;
  sample.token_s = seconds;
  sample.major_faults = health.major_faults;
  sample.available = health.available;
  sample.stalled = health.stalled;
  const auto hits = static_cast<double>(after.hits - before.hits);
  const double uses = hits + static_cast<double>(after.misses - before.misses + after.foreseen - before.foreseen);
  sample.hit_rate = uses > 0 ? hits / uses : 1;
  sample.held = pool_.held();
  pool_.set_limit(governor_.advise(sample));
}

}  // namespace sluice::runtime
