// Segmented LRU over one global pool: what is used once waits in probation, what is used again is protected, and only
// probation gives up slots, so that a stream of experts used once does not drive out those used all the time.
// R. Karedla, J. S. Love, B. G. Wherry, "Caching strategies to improve disk system performance", IEEE Computer 27(3),
// 1994. Ours adds a floor of slots for each layer, and a cold end of probation for speculative arrivals: first in first
// out, first victims once there are more of them than two layers' floors or a sixteenth of the slots, part of probation
// proper once used.
#include <algorithm>
#include <vector>

#include "cache/layer_floor.h"
#include "cache/policy.h"
#include "cache/slot_list.h"

namespace sluice::cache {

namespace {

// Replay on recorded routes (docs/lab/2026-11-23-policy-replay.md): 0.3 to 0.7 differ little, 0.9 is worse than LRU.
constexpr double kGuardedShare = 0.5;

enum class Segment : uint8_t { cold, probation, guarded };

class Slru final : public Policy {
 public:
  Slru(const Geometry& geometry, double guarded_share)
      : links_(geometry.slots),
        cold_(links_),
        probation_(links_),
        guarded_(links_),
        segments_(static_cast<size_t>(geometry.slots)),
        floor_(geometry),
        layer_floor_(geometry.layer_floor),
        guarded_share_(guarded_share) {
    Slru::set_limit(geometry.slots);
  }

  void insert(int32_t slot, const Arrival& arrival) override {
    floor_.add(slot, arrival.key.layer);
    push(slot, arrival.admission == Admission::speculative ? Segment::cold : Segment::probation);
  }

  void touch(int32_t slot) override {
    const bool first_use = segment(slot) == Segment::cold;
    list(slot).remove(slot);
    push(slot, first_use ? Segment::probation : Segment::guarded);
    while (guarded_.size() > most_guarded_) {  // more than one after the limit was lowered
      const int32_t demoted = guarded_.oldest();
      guarded_.remove(demoted);
      push(demoted, Segment::probation);
    }
  }

  void remove(int32_t slot) override {
    floor_.drop(slot);
    list(slot).remove(slot);
  }

  int32_t victim(const Arrival& arrival, std::span<const int32_t> pins) const override {
    for (const bool floors : {true, false}) {
      if (cold_.size() > most_cold_) {
        if (const int32_t slot = floor_.oldest(cold_, arrival, pins, floors); slot != kNoSlot) return slot;
      }
      for (const SlotList* list : {&probation_, &guarded_, &cold_}) {
        if (const int32_t slot = floor_.oldest(*list, arrival, pins, floors); slot != kNoSlot) return slot;
      }
    }
    return kNoSlot;
  }

  void set_limit(int32_t slots) override {
    most_cold_ = std::max(2 * layer_floor_, slots / 16);
    most_guarded_ = static_cast<int32_t>(guarded_share_ * slots);
  }

 private:
  Segment& segment(int32_t slot) { return segments_[static_cast<size_t>(slot)]; }
  SlotList& list(int32_t slot) {
    if (segment(slot) == Segment::cold) return cold_;
    return segment(slot) == Segment::probation ? probation_ : guarded_;
  }
  void push(int32_t slot, Segment to) {
    segment(slot) = to;
    list(slot).push_newest(slot);
  }

  SlotLinks links_;
  SlotList cold_;  // speculative, not used so far
  SlotList probation_;
  SlotList guarded_;
  std::vector<Segment> segments_;
  LayerFloor floor_;
  const int32_t layer_floor_;
  const double guarded_share_;
  int32_t most_cold_ = 0;
  int32_t most_guarded_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_slru(const Geometry& geometry) {
  return std::make_unique<Slru>(geometry, kGuardedShare);
}

}  // namespace sluice::cache
