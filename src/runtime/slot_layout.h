// How an expert's parts get into its slot: which of them are read together, and where each read lands so that direct
// reads go straight into place (io/direct.h). And how the slots of a model with layers of several sizes share memory.
// Pure arithmetic.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/plan.h"

namespace sluice::runtime {

// One read: parts [first_part, first_part + parts) of an expert, neighbours in one file.
struct RecordRead {
  store::Extent extent;  // of all of them, gaps included
  int32_t first_part = 0, parts = 0;
  uint64_t at = 0;       // where extent.offset lands, from the start of the slot
};

struct RecordReads {
  std::array<RecordRead, model::ExpertLayer::kMostParts> reads;
  int32_t count = 0;
  uint64_t slot_bytes = 0;  // that the slot must have
};

// `alignment`: the largest File::alignment() of the model's files, 1 when buffered. Slots start at multiples of it.
RecordReads record_reads(const model::ExpertLayer& layer, int32_t expert, uint64_t alignment);

// The most that any expert of the layer needs.
uint64_t slot_bytes(const model::ExpertLayer& layer, uint64_t alignment);

// Slots of one size. A layer uses the slots of one class; a class serves layers of nearly the same size.
struct SlotClass {
  uint64_t slot_bytes = 0;
  int32_t layers = 0;
  int32_t slots = 0;
  uint64_t offset = 0;      // of its first slot, in the region of all slots
  int32_t first_slot = 0;   // its number, counted over all classes
};

struct SlotPlan {
  std::vector<SlotClass> classes;
  std::vector<int32_t> class_of;  // by moe_index
  uint64_t alignment = 1;
  uint64_t bytes = 0;             // of all slots
  int32_t slots = 0;

  uint64_t largest() const;       // slot_bytes of the largest class
};

// The classes, and slots for `share` of every layer's experts: at least `least_per_layer` for each layer of a class and
// `least` for the class, at most all experts of its layers.
SlotPlan plan_slots(const model::Plan& plan, uint64_t alignment, int32_t least_per_layer, double share, int32_t least = 0);

// The most slots that `bytes` hold, the same share of every layer's experts; never fewer than top_k a layer.
SlotPlan plan_slots_in(const model::Plan& plan, uint64_t alignment, uint64_t bytes);

}  // namespace sluice::runtime
