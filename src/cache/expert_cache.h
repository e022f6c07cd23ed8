// Which expert is in which slot: bookkeeping only, the bytes are elsewhere.
//
// The life of a slot: empty -> begin_load -> loading -> finish_load -> ready -> (evicted by a later begin_load) ...
// A pinned slot is never evicted. Every acquire that found a slot, and every begin_load that got one, pins it once and
// is matched by one release; only a failed load drops the loader's pin itself.
//
// A cache can use fewer slots than it was made for. After set_limit, and again after releases while over_limit(), the
// owner calls retire_one until it returns kNoSlot; a retired slot is empty and its memory may be given back until
// set_limit raises the limit again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "cache/policy.h"
#include "cache/slot_list.h"

namespace sluice::cache {

enum class SlotState : uint8_t { empty, loading, ready };

struct Lookup {
  int32_t slot = kNoSlot;
  SlotState state = SlotState::empty;  // empty: absent, slot is kNoSlot

  bool found() const { return slot != kNoSlot; }
};

struct CacheCounters {
  uint64_t hits = 0;       // acquire found the expert ready
  uint64_t late_hits = 0;  // acquire found it loading: somebody else's read serves it, the caller may have to wait
  uint64_t misses = 0;     // acquire found nothing
  uint64_t evictions = 0;  // those of retire_one included
  uint64_t failed_loads = 0;
};

// Not thread-safe: one thread owns it. Every call costs a constant (begin_load: see Policy::victim); nothing allocates
// after construction.
class ExpertCache {
 public:
  // REQUIRES: all sizes positive.
  ExpertCache(const Geometry& geometry, const PolicyRow& policy = policies().front());

  // The key's slot and state. Pins nothing, counts nothing, leaves the order alone. REQUIRES (as everywhere): the key
  // lies within the geometry.
  Lookup find(ExpertKey key) const;

  // For a token that needs the expert: counts; if found, pins the slot and marks it used.
  Lookup acquire(ExpertKey key);

  // Takes a slot for the key, empty slots first, else the policy's victim, and returns it loading and pinned; kNoSlot
  // when all are pinned or the policy turns a speculative arrival away. REQUIRES: the key is absent.
  int32_t begin_load(ExpertKey key, Admission admission = Admission::demand);

  // ok: the slot is ready, and still pinned by its loader. Not ok: the expert is absent again, its loader's pin is
  // dropped; others that acquired the slot meanwhile see state(slot) == empty, release it as ever, and only then can it
  // serve again. REQUIRES: the slot is loading.
  void finish_load(int32_t slot, bool ok);

  // Drops one pin. REQUIRES: the slot is pinned.
  void release(int32_t slot);

  // How many slots may be used from now on. Raising makes retired slots empty ones again, which may come out of the
  // next begin_load. Lowering only says so, retire_one does it; but no slot beyond the limit is taken into use.
  // REQUIRES: 0 < slots <= geometry().slots.
  void set_limit(int32_t slots);

  // While more slots than the limit are not retired: retires one, empty ones first, then the policy's unpinned victim,
  // whose expert is absent from then on. kNoSlot: nothing to retire, or all are pinned.
  int32_t retire_one();

  int32_t limit() const { return limit_; }
  bool over_limit() const { return geometry_.slots - retired_slots() > limit_; }
  int32_t retired_slots() const { return static_cast<int32_t>(retired_.size()); }
  int32_t occupied_slots() const;  // not empty, or empty and still pinned

  SlotState state(int32_t slot) const { return states_[index(slot)]; }
  int32_t pins(int32_t slot) const { return pins_[index(slot)]; }
  int32_t pinned_slots() const { return pinned_slots_; }
  bool has_empty() const { return !free_.empty(); }  // a slot that evicts nothing
  ExpertKey key(int32_t slot) const { return keys_[index(slot)]; }  // REQUIRES: not empty
  const Geometry& geometry() const { return geometry_; }
  const CacheCounters& counters() const { return counters_; }

 private:
  size_t index(int32_t slot) const;
  size_t index(ExpertKey key) const;
  int32_t take_slot(const Arrival& arrival);
  int32_t evict_for(const Arrival& arrival);
  void pin(int32_t slot);

  const Geometry geometry_;
  std::unique_ptr<Policy> policy_;
  std::vector<int32_t> slot_of_;  // [layers * experts_per_layer], kNoSlot: absent
  std::vector<ExpertKey> keys_;   // from here on [slots]
  std::vector<SlotState> states_;
  std::vector<int32_t> pins_;
  std::vector<int32_t> free_;     // empty and unpinned, a stack
  std::vector<int32_t> retired_;  // a stack too
  int32_t limit_;
  int32_t pinned_slots_ = 0;
  CacheCounters counters_;
};

}  // namespace sluice::cache
