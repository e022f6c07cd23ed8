// Fading: gives up the expert that is least likely to be wanted, judged by how often its layer has come round without
// it and by a count of its uses that fades with a half-life of 16 turns of the layer. Recency and frequency joined in
// one number is the idea of LRFU (D. Lee et al., "LRFU: a spectrum of policies that subsumes the least recently used
// and least frequently used policies", IEEE Trans. Computers 50(12), 2001). Time in turns of a layer, and between
// equals the layer that comes round last, is that of Least-Stale (SpecMD): plain LRU gives up exactly those experts
// whose layer is due next. The counts outlive eviction. Without counts it is the row "stalest".
//
// Speculative arrivals wait, first in first out, until a use; the oldest goes first once there are more of them than
// two layers' floors or a sixteenth of the slots. A demand for another layer than the last one's begins that layer's
// turn.
#include <algorithm>
#include <array>
#include <vector>

#include "cache/layer_floor.h"
#include "cache/policy.h"
#include "cache/slot_list.h"

namespace sluice::cache {

namespace {

// Fixed point with 16 bits of fraction: the same victims on every machine.
constexpr uint32_t kOne = 1 << 16;
constexpr int64_t kForgotten = 256;  // turns after which a count is nothing

constexpr std::array<uint32_t, kForgotten> make_fade() {
  std::array<uint32_t, kForgotten> fade{};
  double left = 1;
  for (uint32_t& entry : fade) {
    entry = static_cast<uint32_t>(left * kOne);
    left *= 0.95760328069857364694;  // 2^(-1/16)
  }
  return fade;
}
constexpr std::array<uint32_t, kForgotten> kFade = make_fade();

class Fading final : public Policy {
 public:
  // quarters: what a count of 1 weighs beside "used in the last turn", in quarters.
  Fading(const Geometry& geometry, uint32_t quarters)
      : quarters_(quarters),
        experts_per_layer_(geometry.experts_per_layer),
        layer_floor_(geometry.layer_floor),
        links_(geometry.slots),
        cold_(links_),
        layers_(static_cast<size_t>(geometry.layers), Layer{SlotList(links_)}),
        experts_(layers_.size() * static_cast<size_t>(geometry.experts_per_layer)),
        expert_of_(static_cast<size_t>(geometry.slots)),
        is_cold_(static_cast<size_t>(geometry.slots)),
        floor_(geometry) {
    Fading::set_limit(geometry.slots);
  }

  void insert(int32_t slot, const Arrival& arrival) override {
    floor_.add(slot, arrival.key.layer);
    expert_of_[index(slot)] = arrival.key.layer * experts_per_layer_ + arrival.key.expert;
    is_cold_[index(slot)] = arrival.admission == Admission::speculative;
    if (is_cold_[index(slot)]) return cold_.push_newest(slot);
    use(slot);
  }

  void touch(int32_t slot) override {
    take_out(slot);
    is_cold_[index(slot)] = 0;
    use(slot);
  }

  void remove(int32_t slot) override {
    take_out(slot);
    floor_.drop(slot);
  }

  int32_t victim(const Arrival& arrival, std::span<const int32_t> pins) const override {
    for (const bool floors : {true, false}) {
      int32_t slot = kNoSlot;
      if (cold_.size() > most_cold_) slot = floor_.oldest(cold_, arrival, pins, floors);
      if (slot == kNoSlot) slot = least_wanted(arrival, pins, floors);
      if (slot == kNoSlot) slot = floor_.oldest(cold_, arrival, pins, floors);
      if (slot != kNoSlot) return slot;
    }
    return kNoSlot;
  }

  void set_limit(int32_t slots) override { most_cold_ = std::max(2 * layer_floor_, slots / 16); }

 private:
  struct Layer {
    SlotList slots;  // by last use
    int64_t turns = 0;
    // The least wanted of slots: until the layer's next turn only a change of its list can alter it.
    mutable int32_t least = kNoSlot;
    mutable bool known = false;
  };
  struct Expert {
    uint32_t count = 0;  // at its last use
    int64_t last = -kForgotten;
  };

  static size_t index(int32_t i) { return static_cast<size_t>(i); }
  Layer& layer_of(int32_t slot) { return layers_[index(floor_.layer(slot))]; }

  void take_out(int32_t slot) {
    if (is_cold_[index(slot)]) return cold_.remove(slot);
    layer_of(slot).slots.remove(slot);
    layer_of(slot).known = false;
  }

  void use(int32_t slot) {
    const int32_t at = floor_.layer(slot);
    Layer& layer = layers_[index(at)];
    if (at != current_) ++layer.turns;
    current_ = at;
    Expert& expert = experts_[index(expert_of_[index(slot)])];
    expert.count = faded(expert, layer.turns) + kOne;
    expert.last = layer.turns;
    layer.slots.push_newest(slot);
    layer.known = false;
  }

  static uint32_t faded(const Expert& expert, int64_t now) {
    if (now - expert.last >= kForgotten) return 0;
    return static_cast<uint32_t>(uint64_t{expert.count} * kFade[static_cast<size_t>(now - expert.last)] >> 16);
  }

  uint64_t worth(int32_t slot, int64_t now) const {
    const Expert& expert = experts_[index(expert_of_[index(slot)])];
    const int64_t passed = now - expert.last;
    return uint64_t{kOne} * 4 / static_cast<uint64_t>(passed + 1) + uint64_t{quarters_} * faded(expert, now);
  }

  int32_t least_of(const Layer& layer, std::span<const int32_t> pins) const {
    if (layer.known && (layer.least == kNoSlot || pins[index(layer.least)] == 0)) return layer.least;
    int32_t least = kNoSlot;
    uint64_t lowest = 0;
    bool passed_pins = false;
    for (int32_t slot = layer.slots.oldest(); slot != kNoSlot; slot = layer.slots.newer_than(slot)) {
      if (pins[index(slot)] > 0) {
        passed_pins = true;
        continue;
      }
      const uint64_t value = worth(slot, layer.turns);
      if (least != kNoSlot && value >= lowest) continue;
      least = slot;
      lowest = value;
    }
    layer.least = least;
    layer.known = !passed_pins;
    return least;
  }

  int32_t least_wanted(const Arrival& arrival, std::span<const int32_t> pins, bool floors) const {
    const auto layers = static_cast<int32_t>(layers_.size());
    int32_t best = kNoSlot;
    uint64_t lowest = 0;
    for (int32_t back = 0; back < layers; ++back) {  // from the layer that comes round last
      const Layer& layer = layers_[index((current_ - back + layers) % layers)];
      const int32_t slot = least_of(layer, pins);
      if (slot == kNoSlot || (floors && floor_.needs(slot, arrival))) continue;
      const uint64_t value = worth(slot, layer.turns);
      if (best != kNoSlot && value >= lowest) continue;
      best = slot;
      lowest = value;
    }
    return best;
  }

  const uint32_t quarters_;
  const int32_t experts_per_layer_;
  const int32_t layer_floor_;
  int32_t most_cold_ = 0;
  SlotLinks links_;
  SlotList cold_;  // speculative, not used so far
  std::vector<Layer> layers_;
  std::vector<Expert> experts_;     // [layers * experts_per_layer]
  std::vector<int32_t> expert_of_;  // [slots]
  std::vector<char> is_cold_;       // [slots]
  LayerFloor floor_;
  int32_t current_ = 0;  // the layer whose turn it is
};

}  // namespace

std::unique_ptr<Policy> make_fading(const Geometry& geometry) {
  return std::make_unique<Fading>(geometry, 1);
}

std::unique_ptr<Policy> make_stalest(const Geometry& geometry) {
  return std::make_unique<Fading>(geometry, 0);
}

}  // namespace sluice::cache
