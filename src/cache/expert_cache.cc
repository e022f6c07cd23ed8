#include "cache/expert_cache.h"

#include "base/check.h"

namespace sluice::cache {

namespace {

Geometry checked(const Geometry& g) {
  SLUICE_CHECK(g.layers > 0 && g.experts_per_layer > 0 && g.slots > 0);
  return g;
}

}  // namespace

ExpertCache::ExpertCache(const Geometry& geometry, const PolicyRow& policy)
    : geometry_(checked(geometry)),
      policy_(policy.make(geometry)),
      slot_of_(static_cast<size_t>(geometry.layers) * static_cast<size_t>(geometry.experts_per_layer), kNoSlot),
      keys_(static_cast<size_t>(geometry.slots)),
      states_(keys_.size(), SlotState::empty),
      pins_(keys_.size(), 0),
      limit_(geometry.slots) {
  free_.reserve(keys_.size());
  retired_.reserve(keys_.size());
  // The lowest slot on top, so that a pool that is never filled touches its first pages only.
  for (int32_t slot = geometry.slots - 1; slot >= 0; --slot) free_.push_back(slot);
}

size_t ExpertCache::index(int32_t slot) const {
  SLUICE_CHECK(slot >= 0 && slot < geometry_.slots);
  return static_cast<size_t>(slot);
}

size_t ExpertCache::index(ExpertKey key) const {
  SLUICE_CHECK(key.layer >= 0 && key.layer < geometry_.layers);
  SLUICE_CHECK(key.expert >= 0 && key.expert < geometry_.experts_per_layer);
  return static_cast<size_t>(key.layer) * static_cast<size_t>(geometry_.experts_per_layer) +
         static_cast<size_t>(key.expert);
}

Lookup ExpertCache::find(ExpertKey key) const {
  const int32_t slot = slot_of_[index(key)];
  if (slot == kNoSlot) return {};
  return {slot, state(slot)};
}

Lookup ExpertCache::acquire(ExpertKey key) {
  const Lookup lookup = find(key);
  if (!lookup.found()) {
    ++counters_.misses;
    return lookup;
  }
  ++(lookup.state == SlotState::ready ? counters_.hits : counters_.late_hits);
  pin(lookup.slot);
  policy_->touch(lookup.slot);
  return lookup;
}

int32_t ExpertCache::begin_load(ExpertKey key, Admission admission) {
  SLUICE_CHECK(slot_of_[index(key)] == kNoSlot);
  const Arrival arrival{key, admission};
  const int32_t slot = take_slot(arrival);
  if (slot == kNoSlot) return kNoSlot;
  slot_of_[index(key)] = slot;
  keys_[index(slot)] = key;
  states_[index(slot)] = SlotState::loading;
  pin(slot);
  policy_->insert(slot, arrival);
  return slot;
}

int32_t ExpertCache::take_slot(const Arrival& arrival) {
  if (!free_.empty() && occupied_slots() < limit_) {
    const int32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  return evict_for(arrival);
}

int32_t ExpertCache::evict_for(const Arrival& arrival) {
  if (pinned_slots_ == occupied_slots()) return kNoSlot;
  const int32_t victim = policy_->victim(arrival, pins_);
  if (victim == kNoSlot) return kNoSlot;
  SLUICE_CHECK(pins(victim) == 0 && state(victim) == SlotState::ready);
  policy_->remove(victim);
  slot_of_[index(key(victim))] = kNoSlot;
  states_[index(victim)] = SlotState::empty;
  ++counters_.evictions;
  return victim;
}

int32_t ExpertCache::occupied_slots() const {
  return geometry_.slots - static_cast<int32_t>(free_.size() + retired_.size());
}

void ExpertCache::set_limit(int32_t slots) {
  SLUICE_CHECK(slots > 0 && slots <= geometry_.slots);
  limit_ = slots;
  policy_->set_limit(slots);
  while (!retired_.empty() && geometry_.slots - retired_slots() < limit_) {
    free_.push_back(retired_.back());
    retired_.pop_back();
  }
}

int32_t ExpertCache::retire_one() {
  if (!over_limit()) return kNoSlot;
  int32_t slot = kNoSlot;
  if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
  } else {
    slot = evict_for({.key = {-1, -1}});
  }
  if (slot != kNoSlot) retired_.push_back(slot);
  return slot;
}

void ExpertCache::finish_load(int32_t slot, bool ok) {
  SLUICE_CHECK(state(slot) == SlotState::loading);
  if (ok) {
    states_[index(slot)] = SlotState::ready;
    return;
  }
  ++counters_.failed_loads;
  policy_->remove(slot);
  slot_of_[index(key(slot))] = kNoSlot;
  states_[index(slot)] = SlotState::empty;
  release(slot);
}

void ExpertCache::pin(int32_t slot) {
  if (pins_[index(slot)]++ == 0) ++pinned_slots_;
}

void ExpertCache::release(int32_t slot) {
  SLUICE_CHECK(pins(slot) > 0);
  if (--pins_[index(slot)] > 0) return;
  --pinned_slots_;
  SLUICE_CHECK(state(slot) != SlotState::loading);  // its loader's pin ends with the load
  if (state(slot) == SlotState::empty) free_.push_back(slot);
}

}  // namespace sluice::cache
