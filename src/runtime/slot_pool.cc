#include "runtime/slot_pool.h"

#include <algorithm>

#include "base/check.h"
#include "base/lock.h"

namespace sluice::runtime {

SlotPool::SlotPool(const model::Plan& plan, SlotPlan slots, Arena memory, const cache::PolicyRow& policy)
    : slots_(std::move(slots)), memory_(std::move(memory)) {
  SLUICE_CHECK(memory_.size() >= slots_.bytes);
  classes_.reserve(slots_.classes.size());
  for (const SlotClass& c : slots_.classes) {
    const int32_t least = std::min(plan.top_k * c.layers, c.slots);
    classes_.push_back({cache::ExpertCache({c.layers, plan.experts, c.slots, plan.top_k}, policy), c.first_slot, least});
    least_ += least;
  }
  std::vector<int32_t> layers(slots_.classes.size(), 0);
  for (const int32_t c : slots_.class_of) layer_in_class_.push_back(layers[static_cast<size_t>(c)]++);
  parts_.resize(static_cast<size_t>(slots_.slots) * model::ExpertLayer::kMostParts);
}

SlotPool::Class& SlotPool::holding(int32_t slot) {
  size_t c = classes_.size() - 1;
  while (classes_[c].first_slot > slot) --c;
  return classes_[c];
}

cache::Lookup SlotPool::find(int32_t moe_index, int32_t expert) const {
  const Class& c = class_of(moe_index);
  cache::Lookup found = c.cache.find(key(moe_index, expert));
  if (found.found()) found.slot += c.first_slot;
  return found;
}

cache::Lookup SlotPool::acquire(int32_t moe_index, int32_t expert) {
  Class& c = class_of(moe_index);
  cache::Lookup found = c.cache.acquire(key(moe_index, expert));
  if (found.found()) found.slot += c.first_slot;
  return found;
}

int32_t SlotPool::begin_load(int32_t moe_index, int32_t expert, cache::Admission admission) {
  Class& c = class_of(moe_index);
  const int32_t slot = c.cache.begin_load(key(moe_index, expert), admission);
  return slot == cache::kNoSlot ? slot : slot + c.first_slot;
}

void SlotPool::finish_load(int32_t slot, bool ok) {
  Class& c = holding(slot);
  c.cache.finish_load(slot - c.first_slot, ok);
}

void SlotPool::release(int32_t slot) {
  Class& c = holding(slot);
  c.cache.release(slot - c.first_slot);
  if (c.cache.over_limit()) retire(c);
}

bool SlotPool::has_empty(int32_t moe_index) const { return class_of(moe_index).cache.has_empty(); }

bool SlotPool::complete(int32_t moe_index) const {
  const cache::ExpertCache& cache = class_of(moe_index).cache;
  return cache.occupied_slots() == cache.geometry().layers * cache.geometry().experts_per_layer;
}

void SlotPool::set_limit(int32_t slots) {
  SLUICE_CHECK(slots >= least_ && slots <= slots_.slots);
  for (Class& c : classes_) {
    const int64_t share = int64_t{c.cache.geometry().slots} * slots / slots_.slots;
    c.cache.set_limit(std::max(c.least, static_cast<int32_t>(share)));
    retire(c);
  }
}

void SlotPool::retire(Class& c) {
  const uint64_t bytes = slots_.classes[static_cast<size_t>(&c - classes_.data())].slot_bytes;
  while (c.cache.over_limit()) {
    const int32_t slot = c.cache.retire_one();
    if (slot == cache::kNoSlot) return;
    give_back({base(slot + c.first_slot), bytes});
  }
}

int32_t SlotPool::held() const {
  int32_t held = 0;
  for (const Class& c : classes_) held += c.cache.geometry().slots - c.cache.retired_slots();
  return held;
}

std::byte* SlotPool::base(int32_t slot) const {
  size_t c = slots_.classes.size() - 1;
  while (slots_.classes[c].first_slot > slot) --c;
  const SlotClass& k = slots_.classes[c];
  return memory_.data() + k.offset + static_cast<uint64_t>(slot - k.first_slot) * k.slot_bytes;
}

int32_t SlotPool::share_of_layer(int32_t moe_index) const {
  const SlotClass& c = slots_.classes[static_cast<size_t>(slots_.class_of[static_cast<size_t>(moe_index)])];
  return c.slots / c.layers;
}

}  // namespace sluice::runtime
