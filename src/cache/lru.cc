// Least recently used, over one global pool. The baseline: it gets exactly no hits when the pool is smaller than what
// one token touches, because layers come round in a cycle (docs: techniques, cache policy).
#include "cache/policy.h"
#include "cache/slot_list.h"

namespace sluice::cache {

namespace {

class Lru final : public Policy {
 public:
  explicit Lru(const Geometry& geometry) : links_(geometry.slots), order_(links_) {}

  void insert(int32_t slot, const Arrival& /*arrival*/) override { order_.push_newest(slot); }
  void touch(int32_t slot) override {
    order_.remove(slot);
    order_.push_newest(slot);
  }
  void remove(int32_t slot) override { order_.remove(slot); }
  int32_t victim(const Arrival& /*arrival*/, std::span<const int32_t> pins) const override {
    int32_t slot = order_.oldest();
    while (slot != kNoSlot && pins[static_cast<size_t>(slot)] > 0) slot = order_.newer_than(slot);
    return slot;
  }

 private:
  SlotLinks links_;
  SlotList order_;
};

}  // namespace

std::unique_ptr<Policy> make_lru(const Geometry& geometry) {
  return std::make_unique<Lru>(geometry);
}

}  // namespace sluice::cache
