// How many slots each layer holds, for policies that leave every layer its floor: a layer at or below
// Geometry::layer_floor loses no slot to another layer's arrival, unless no other unpinned slot is left. So no layer is
// driven out by a few hungry ones (vLLM issue 37190: early layers hog a global pool). Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cache/policy.h"
#include "cache/slot_list.h"

namespace sluice::cache {

class LayerFloor {
 public:
  explicit LayerFloor(const Geometry& geometry)
      : floor_(geometry.layer_floor),
        held_(static_cast<size_t>(geometry.layers)),
        layer_of_(static_cast<size_t>(geometry.slots)) {}

  void add(int32_t slot, int32_t layer) {
    layer_of_[static_cast<size_t>(slot)] = layer;
    ++held_[static_cast<size_t>(layer)];
  }
  // REQUIRES: the slot was added.
  void drop(int32_t slot) { --held_[static_cast<size_t>(layer(slot))]; }

  int32_t layer(int32_t slot) const { return layer_of_[static_cast<size_t>(slot)]; }
  bool needs(int32_t slot, const Arrival& arrival) const {
    return layer(slot) != arrival.key.layer && held_[static_cast<size_t>(layer(slot))] <= floor_;
  }

  // The oldest slot of the list that is not pinned, nor needed by its layer where floors count; kNoSlot: none.
  int32_t oldest(const SlotList& list, const Arrival& arrival, std::span<const int32_t> pins, bool floors) const {
    int32_t slot = list.oldest();
    while (slot != kNoSlot && (pins[static_cast<size_t>(slot)] > 0 || (floors && needs(slot, arrival)))) {
      slot = list.newer_than(slot);
    }
    return slot;
  }

 private:
  const int32_t floor_;
  std::vector<int32_t> held_;      // [layers]
  std::vector<int32_t> layer_of_;  // [slots]
};

}  // namespace sluice::cache
