// The slots of all classes and what is in them: one cache a class, slots numbered over all classes, and where the parts
// of the expert in a slot stand. Bookkeeping; the bytes are the region's, which the pool owns.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/arena.h"
#include "cache/expert_cache.h"
#include "model/plan.h"
#include "runtime/slot_layout.h"

namespace sluice::runtime {

// Not thread-safe.
class SlotPool {
 public:
  // REQUIRES: memory.size() >= slots.bytes; at least one slot a class.
  SlotPool(const model::Plan& plan, SlotPlan slots, Arena memory, const cache::PolicyRow& policy);

  cache::Lookup find(int32_t moe_index, int32_t expert) const;
  // As the functions of ExpertCache, with slots numbered over all classes.
  cache::Lookup acquire(int32_t moe_index, int32_t expert);
  int32_t begin_load(int32_t moe_index, int32_t expert, cache::Admission admission);
  void finish_load(int32_t slot, bool ok);
  void release(int32_t slot);
  bool has_empty(int32_t moe_index) const;  // a slot that would evict nothing

  bool complete(int32_t moe_index) const;   // all experts of the layer's class have slots

  // At most so many slots from now on, the same share of every class; memory of slots that fall away, as soon as nobody
  // uses them, goes back to the system. REQUIRES: least() <= slots <= slots().
  void set_limit(int32_t slots);
  int32_t least() const { return least_; }  // top_k slots a layer
  int32_t held() const;                     // slots that are not retired

  std::byte* base(int32_t slot) const;
  // Where the parts of the expert in `slot` stand; to be filled when it is read.
  const std::byte** parts(int32_t slot) { return &parts_[static_cast<size_t>(slot) * model::ExpertLayer::kMostParts]; }

  const SlotPlan& plan() const { return slots_; }
  // Slots that a layer's share of its class comes to.
  int32_t share_of_layer(int32_t moe_index) const;
  int32_t slots() const { return slots_.slots; }

 private:
  struct Class {
    cache::ExpertCache cache;
    int32_t first_slot;
    int32_t least;
  };
  void retire(Class& c);
  Class& class_of(int32_t moe_index) { return classes_[static_cast<size_t>(slots_.class_of[static_cast<size_t>(moe_index)])]; }
  const Class& class_of(int32_t moe_index) const {
    return classes_[static_cast<size_t>(slots_.class_of[static_cast<size_t>(moe_index)])];
  }
  Class& holding(int32_t slot);
  cache::ExpertKey key(int32_t moe_index, int32_t expert) const {
    return {layer_in_class_[static_cast<size_t>(moe_index)], expert};
  }

  const SlotPlan slots_;
  Arena memory_;
  std::vector<Class> classes_;
  int32_t least_ = 0;
  std::vector<int32_t> layer_in_class_;  // by moe_index
  std::vector<const std::byte*> parts_;  // [slots][kMostParts]
};

}  // namespace sluice::runtime
