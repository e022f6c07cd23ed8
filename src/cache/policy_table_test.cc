// Every row of policies() against a slow model of it, victim by victim, over random walks; then what all but plain LRU
// promise besides: floors, and little trust in speculative arrivals.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "cache/policy.h"
#include "cache/slot_list.h"

namespace sluice::cache {

// Names a parameter in test listings.
inline void PrintTo(const PolicyRow& row, std::ostream* out) {
  *out << row.name;
}
namespace {

// What a model knows of an occupied slot. The victim is the free-to-go slot with the smallest rank.
struct Held {
  ExpertKey key;
  int64_t used = 0;  // time of the last use, or of the arrival
  int segment = 0;   // 0 cold, 1 probation or used, 2 guarded
};
using Rank = std::tuple<int, int64_t, int64_t, int64_t>;

class Naive {
 public:
  explicit Naive(const Geometry& geometry) : geometry_(geometry), limit_(geometry.slots) {}
  virtual ~Naive() = default;

  void insert(int32_t slot, const Arrival& arrival) {
    const bool cold = trusts_less() && arrival.admission == Admission::speculative;
    held_[slot] = {arrival.key, ++now_, cold ? 0 : 1};
    if (!cold) on_use(slot, true);
  }
  void touch(int32_t slot) {
    held_[slot].used = ++now_;
    on_use(slot, false);
  }
  void remove(int32_t slot) { held_.erase(slot); }
  int32_t victim(const Arrival& arrival, const std::vector<int32_t>& pins) const {
    for (const bool floors : {true, false}) {
      int32_t best = kNoSlot;
      for (const auto& [slot, held] : held_) {
        if (pins[static_cast<size_t>(slot)] > 0 || (floors && needed(held, arrival))) continue;
        if (best == kNoSlot || rank_of(held) < rank_of(held_.at(best))) best = slot;
      }
      if (best != kNoSlot) return best;
    }
    return kNoSlot;
  }
  void set_limit(int32_t slots) { limit_ = slots; }
  const std::map<int32_t, Held>& held() const { return held_; }

 protected:
  virtual bool trusts_less() const { return true; }
  virtual void on_use(int32_t slot, bool arrived) = 0;
  virtual Rank rank(const Held& held) const = 0;

  bool needed(const Held& held, const Arrival& arrival) const {
    if (!trusts_less() || held.key.layer == arrival.key.layer) return false;
    return std::count_if(held_.begin(), held_.end(), [&](const auto& other) {
             return other.second.key.layer == held.key.layer;
           }) <= geometry_.layer_floor;
  }
  Rank rank_of(const Held& held) const {
    if (!trusts_less() || held.segment != 0) return rank(held);
    const auto cold = std::count_if(held_.begin(), held_.end(), [](const auto& h) { return h.second.segment == 0; });
    return {cold > std::max(2 * geometry_.layer_floor, limit_ / 16) ? 0 : 3, held.used, 0, 0};
  }

  const Geometry geometry_;
  int32_t limit_;
  std::map<int32_t, Held> held_;
  int64_t now_ = 0;
};

class NaiveLru final : public Naive {
 public:
  using Naive::Naive;
  bool trusts_less() const override { return false; }
  void on_use(int32_t /*slot*/, bool /*arrived*/) override {}
  Rank rank(const Held& held) const override { return {1, held.used, 0, 0}; }
};

class NaiveSlru final : public Naive {
 public:
  using Naive::Naive;
  void on_use(int32_t slot, bool arrived) override {
    Held& held = held_[slot];
    if (arrived) return;
    held.segment = std::min(held.segment + 1, 2);
    std::vector<std::pair<int64_t, int32_t>> guarded;
    for (const auto& [other, h] : held_) {
      if (h.segment == 2) guarded.push_back({h.used, other});
    }
    std::sort(guarded.begin(), guarded.end());
    for (size_t i = 0; i + static_cast<size_t>(limit_ / 2) < guarded.size(); ++i) {
      Held& oldest = held_[guarded[i].second];
      oldest.segment = 1;
      oldest.used = ++now_;  // the newest of probation
    }
  }
  Rank rank(const Held& held) const override { return {held.segment, held.used, 0, 0}; }
};

class NaiveFading final : public Naive {
 public:
  NaiveFading(const Geometry& geometry, int64_t quarters) : Naive(geometry), quarters_(quarters) {}
  void on_use(int32_t slot, bool /*arrived*/) override {
    Held& held = held_[slot];
    if (held.key.layer != current_) ++turns_[held.key.layer];
    current_ = held.key.layer;
    held.segment = 1;
    uses_[{held.key.layer, held.key.expert}].push_back(turns_[current_]);
  }
  Rank rank(const Held& held) const override {
    const int64_t now = turns_.at(held.key.layer);
    const std::vector<int64_t>& uses = uses_.at({held.key.layer, held.key.expert});
    int64_t count = 0, last = 0;  // 16 bits of fraction
    for (const int64_t use : uses) {
      count = faded(count, use - last) + 65536;
      last = use;
    }
    const int64_t worth = 4 * 65536 / (now - last + 1) + quarters_ * faded(count, now - last);
    return {1, worth, (current_ - held.key.layer + geometry_.layers) % geometry_.layers, held.used};
  }

 private:
  static int64_t faded(int64_t count, int64_t turns) {
    if (turns >= 256) return 0;
    double left = 1;
    for (int64_t i = 0; i < turns; ++i) left *= 0.95760328069857364694;
    return count * static_cast<int64_t>(left * 65536) >> 16;
  }

  const int64_t quarters_;
  std::map<int32_t, int64_t> turns_;
  std::map<std::pair<int32_t, int32_t>, std::vector<int64_t>> uses_;
  int32_t current_ = 0;
};

std::unique_ptr<Naive> naive(std::string_view name, const Geometry& geometry) {
  if (name == "lru") return std::make_unique<NaiveLru>(geometry);
  if (name == "slru") return std::make_unique<NaiveSlru>(geometry);
  if (name == "stalest") return std::make_unique<NaiveFading>(geometry, 0);
  if (name == "fading") return std::make_unique<NaiveFading>(geometry, 1);
  return nullptr;
}

class PolicyTableTest : public ::testing::TestWithParam<PolicyRow> {};

// One walk: layers come round in order as in decode, with uses, speculative arrivals, failed loads and pins.
class PolicyWalk {
 public:
  PolicyWalk(const Geometry& geometry, const PolicyRow& row, uint64_t seed)
      : geometry_(geometry),
        policy_(row.make(geometry)),
        naive_(naive(row.name, geometry)),
        pins_(static_cast<size_t>(geometry.slots)),
        random_(seed) {}

  void step() {
    if (below(4) == 0) layer_ = (layer_ + 1) % geometry_.layers;
    const bool speculative = below(5) == 0;
    const int32_t layer = speculative ? (layer_ + 1) % geometry_.layers : layer_;
    const ExpertKey key{layer, std::min(below(geometry_.experts_per_layer), below(geometry_.experts_per_layer))};
    for (int32_t& pin : pins_) pin = below(8) == 0;
    if (below(40) == 0) return set_limit(1 + below(geometry_.slots));
    for (const auto& [slot, held] : naive_->held()) {
      if (!(held.key == key)) continue;
      if (speculative) return;
      return touch(slot);
    }
    arrive({key, speculative ? Admission::speculative : Admission::demand});
  }

  int evictions() const { return evictions_; }

 private:
  int32_t below(int32_t n) { return static_cast<int32_t>(random_() % static_cast<uint64_t>(n)); }
  void touch(int32_t slot) {
    policy_->touch(slot);
    naive_->touch(slot);
  }
  void remove(int32_t slot) {
    policy_->remove(slot);
    naive_->remove(slot);
  }
  // As the cache lowers and raises it: what is beyond and unpinned goes.
  void set_limit(int32_t slots) {
    limit_ = slots;
    policy_->set_limit(slots);
    naive_->set_limit(slots);
    while (occupied() > limit_) {
      const int32_t slot = policy_->victim({{-1, -1}}, pins_);
      ASSERT_EQ(slot, naive_->victim({{-1, -1}}, pins_));
      if (slot == kNoSlot) return;
      remove(slot);
    }
  }
  int32_t occupied() const { return static_cast<int32_t>(naive_->held().size()); }
  void arrive(const Arrival& arrival) {
    int32_t slot = 0;
    while (slot < geometry_.slots && naive_->held().contains(slot)) ++slot;
    if (occupied() >= limit_) {
      slot = policy_->victim(arrival, pins_);
      ASSERT_EQ(slot, naive_->victim(arrival, pins_));
      if (slot == kNoSlot) return;
      remove(slot);
      ++evictions_;
    }
    policy_->insert(slot, arrival);
    naive_->insert(slot, arrival);
    if (below(30) == 0) remove(slot);  // its load failed
  }

  const Geometry geometry_;
  std::unique_ptr<Policy> policy_;
  std::unique_ptr<Naive> naive_;
  std::vector<int32_t> pins_;
  std::mt19937_64 random_;
  int32_t limit_ = geometry_.slots;
  int32_t layer_ = 0;
  int evictions_ = 0;
};

TEST_P(PolicyTableTest, ChoosesAsItsSlowModelDoes) {
  ASSERT_NE(naive(GetParam().name, {}), nullptr) << "a row needs a model here";
  for (const int32_t slots : {1, 2, 5, 9, 20, 40}) {
    for (const int32_t floor : {0, 2}) {
      PolicyWalk walk({.layers = 4, .experts_per_layer = 12, .slots = slots, .layer_floor = floor}, GetParam(), 7);
      for (int i = 0; i < 2500; ++i) {
        ASSERT_NO_FATAL_FAILURE(walk.step()) << slots << " slots, floor " << floor << ", step " << i;
      }
      EXPECT_GT(walk.evictions(), 50);
    }
  }
}

TEST_P(PolicyTableTest, ALayerKeepsItsFloorWhileAnotherCanGive) {
  if (GetParam().name == "lru") return;  // the baseline has no floors
  const auto policy = GetParam().make({.layers = 3, .experts_per_layer = 9, .slots = 6, .layer_floor = 2});
  std::vector<int32_t> pins(6);
  for (int32_t slot = 0; slot < 6; ++slot) policy->insert(slot, {{slot < 2 ? 0 : 1, slot}});
  for (int32_t slot = 2; slot < 6; ++slot) policy->touch(slot);
  EXPECT_GE(policy->victim({{2, 0}}, pins), 2);
  EXPECT_LT(policy->victim({{0, 8}}, pins), 6);
  for (int32_t slot = 2; slot < 6; ++slot) pins[static_cast<size_t>(slot)] = 1;
  EXPECT_LT(policy->victim({{2, 0}}, pins), 2);
}

TEST_P(PolicyTableTest, AFloodOfSpeculationDrivesOutItself) {
  if (GetParam().name == "lru") return;
  const auto policy = GetParam().make({.layers = 4, .experts_per_layer = 99, .slots = 32, .layer_floor = 2});
  const std::vector<int32_t> pins(32);
  for (int32_t slot = 0; slot < 32; ++slot) policy->insert(slot, {{slot % 4, slot}});
  int lost = 0;
  std::vector<char> speculative(32);
  for (int32_t i = 0; i < 200; ++i) {
    const Arrival arrival{{i % 4, 32 + i % 60}, Admission::speculative};
    const int32_t slot = policy->victim(arrival, pins);
    lost += speculative[static_cast<size_t>(slot)] == 0;
    speculative[static_cast<size_t>(slot)] = 1;
    policy->remove(slot);
    policy->insert(slot, arrival);
  }
  EXPECT_EQ(lost, 5);  // two floors of two, and the one that overflows
}

INSTANTIATE_TEST_SUITE_P(Every, PolicyTableTest, ::testing::ValuesIn(policies().begin(), policies().end()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace sluice::cache
