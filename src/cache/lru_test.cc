// The cache under its default policy against a slow model: a std::list in exact order of use.
#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <random>

#include "cache/expert_cache.h"

namespace sluice::cache {
namespace {

struct Resident {
  ExpertKey key;
  int32_t slot;
  int32_t pins;
  bool loading;
};

// Newest first.
class Model {
 public:
  std::list<Resident>::iterator find(ExpertKey key) {
    return std::find_if(all.begin(), all.end(), [&](const Resident& r) { return r.key == key; });
  }
  std::list<Resident>::iterator at(int32_t slot) {
    return std::find_if(all.begin(), all.end(), [&](const Resident& r) { return r.slot == slot; });
  }
  std::list<Resident>::iterator victim() {
    const auto it = std::find_if(all.rbegin(), all.rend(), [](const Resident& r) { return r.pins == 0; });
    return it == all.rend() ? all.end() : std::prev(it.base());
  }

  std::list<Resident> all;
  std::map<int32_t, int32_t> failed;  // slot -> pins that outlived a failed load
  CacheCounters counters;
};

class Walk {
 public:
  Walk(const Geometry& geometry, uint64_t seed)
      : geometry_(geometry), cache_(geometry, *policy_by_name("lru")), random_(seed) {}

  void step() {
    switch (below(6)) {
      case 0:
      case 1:
      case 2:
        return use();
      case 3:
        return finish();
      default:
        return release();
    }
  }

  // Every key is where the model says.
  void compare() {
    size_t found = 0;
    for (int32_t layer = 0; layer < geometry_.layers; ++layer) {
      for (int32_t expert = 0; expert < geometry_.experts_per_layer; ++expert) {
        const ExpertKey key{layer, expert};
        const auto it = model_.find(key);
        const Lookup lookup = cache_.find(key);
        ASSERT_EQ(lookup.found(), it != model_.all.end());
        if (!lookup.found()) continue;
        ++found;
        ASSERT_EQ(lookup.slot, it->slot);
        ASSERT_EQ(lookup.state, it->loading ? SlotState::loading : SlotState::ready);
        ASSERT_EQ(cache_.pins(lookup.slot), it->pins);
        ASSERT_EQ(cache_.key(lookup.slot), key);
      }
    }
    ASSERT_EQ(found, model_.all.size());
    ASSERT_EQ(cache_.counters().hits, model_.counters.hits);
    ASSERT_EQ(cache_.counters().late_hits, model_.counters.late_hits);
    ASSERT_EQ(cache_.counters().misses, model_.counters.misses);
    ASSERT_EQ(cache_.counters().evictions, model_.counters.evictions);
    ASSERT_EQ(cache_.counters().failed_loads, model_.counters.failed_loads);
  }

  const CacheCounters& counters() const { return cache_.counters(); }
  int refused() const { return refused_; }

 private:
  int32_t below(int32_t n) { return static_cast<int32_t>(random_() % static_cast<uint64_t>(n)); }

  void use() {
    const ExpertKey key{below(geometry_.layers), below(geometry_.experts_per_layer)};
    const auto it = model_.find(key);
    const Lookup lookup = cache_.acquire(key);
    if (it != model_.all.end()) {
      ASSERT_EQ(lookup.slot, it->slot);
      ++(it->loading ? model_.counters.late_hits : model_.counters.hits);
      ++it->pins;
      model_.all.splice(model_.all.begin(), model_.all, it);
      return;
    }
    ASSERT_FALSE(lookup.found());
    ++model_.counters.misses;
    load(key);
  }

  void load(ExpertKey key) {
    const bool full = model_.all.size() + model_.failed.size() == static_cast<size_t>(geometry_.slots);
    const auto victim = model_.victim();
    const int32_t slot = cache_.begin_load(key);
    if (full && victim == model_.all.end()) {
      ASSERT_EQ(slot, kNoSlot);
      ++refused_;
      return;
    }
    ASSERT_GE(slot, 0);
    if (full) {
      ASSERT_EQ(slot, victim->slot) << "not the least recently used";
      model_.all.erase(victim);
      ++model_.counters.evictions;
    } else {
      ASSERT_TRUE(model_.at(slot) == model_.all.end() && !model_.failed.contains(slot)) << "took an occupied slot";
    }
    model_.all.push_front({key, slot, 1, true});
  }

  void finish() {
    std::vector<int32_t> loading;
    for (const Resident& r : model_.all) {
      if (r.loading) loading.push_back(r.slot);
    }
    if (loading.empty()) return;
    const auto it = model_.at(loading[static_cast<size_t>(below(static_cast<int32_t>(loading.size())))]);
    const bool ok = below(5) != 0;
    cache_.finish_load(it->slot, ok);
    it->loading = false;
    if (ok) return;
    ++model_.counters.failed_loads;
    if (it->pins > 1) model_.failed[it->slot] = it->pins - 1;
    model_.all.erase(it);
  }

  // Of a random pinned slot; a loading one keeps its loader's pin.
  void release() {
    std::vector<int32_t> pinned;
    for (const Resident& r : model_.all) {
      if (r.pins > (r.loading ? 1 : 0)) pinned.push_back(r.slot);
    }
    for (const auto& [slot, pins] : model_.failed) pinned.push_back(slot);
    if (pinned.empty()) return;
    const int32_t slot = pinned[static_cast<size_t>(below(static_cast<int32_t>(pinned.size())))];
    cache_.release(slot);
    const auto it = model_.at(slot);
    if (it != model_.all.end()) {
      --it->pins;
    } else if (--model_.failed.at(slot) == 0) {
      model_.failed.erase(slot);
    }
  }

  const Geometry geometry_;
  ExpertCache cache_;
  Model model_;
  std::mt19937_64 random_;
  int refused_ = 0;
};

TEST(Lru, FollowsTheModelThroughRandomWalks) {
  int refused = 0;
  uint64_t evictions = 0, failed = 0, late = 0;
  for (const int32_t slots : {1, 2, 3, 5, 8, 16, 40, 48, 60}) {
    Walk walk({.layers = 4, .experts_per_layer = 12, .slots = slots}, static_cast<uint64_t>(slots));
    for (int i = 0; i < 20'000; ++i) {
      ASSERT_NO_FATAL_FAILURE(walk.step()) << slots << " slots, step " << i;
      if (i % 50 == 0) {
        ASSERT_NO_FATAL_FAILURE(walk.compare()) << slots << " slots, step " << i;
      }
    }
    ASSERT_NO_FATAL_FAILURE(walk.compare());
    refused += walk.refused();
    evictions += walk.counters().evictions;
    failed += walk.counters().failed_loads;
    late += walk.counters().late_hits;
  }
  EXPECT_GT(refused, 0);  // the walk went everywhere
  EXPECT_GT(evictions, 0u);
  EXPECT_GT(failed, 0u);
  EXPECT_GT(late, 0u);
}

TEST(Lru, ACycleLongerThanThePoolNeverHits) {
  ExpertCache cache({.layers = 5, .experts_per_layer = 1, .slots = 4}, *policy_by_name("lru"));
  for (int32_t i = 0; i < 50; ++i) {
    ASSERT_FALSE(cache.acquire({i % 5, 0}).found());
    const int32_t slot = cache.begin_load({i % 5, 0});
    cache.finish_load(slot, true);
    cache.release(slot);
  }
  EXPECT_EQ(cache.counters().hits, 0u);
}

}  // namespace
}  // namespace sluice::cache
