#include "cache/replay.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "base/check.h"
#include "cache/expert_cache.h"

namespace sluice::cache {

namespace {

// Experts of one layer that are used together: a decode token's k, or one of a prompt chunk.
struct Use {
  int32_t layer;
  RoutePhase phase;
  std::span<const uint16_t> experts;
};

// Prompt tokens [from, to) of one turn: every expert of each layer once.
template <class Visit>
void visit_chunk(const RouteTrace& trace, size_t from, size_t to, const Visit& visit) {
  std::vector<char> used(static_cast<size_t>(trace.shape().experts));
  for (int32_t layer = 0; layer < trace.shape().layers; ++layer) {
    std::fill(used.begin(), used.end(), 0);
    for (size_t token = from; token < to; ++token) {
      for (const uint16_t expert : trace.experts(token, layer)) used[expert] = 1;
    }
    for (uint16_t expert = 0; expert < used.size(); ++expert) {
      if (used[expert] != 0) visit(Use{layer, RoutePhase::prompt, {&expert, 1}});
    }
  }
}

// Calls visit(Use) in the order in which the engine would use the experts.
template <class Visit>
void for_each_use(const RouteTrace& trace, int32_t chunk, const Visit& visit) {
  for (size_t token = 0; token < trace.tokens();) {
    const RoutePhase phase = trace.phase(token);
    if (phase == RoutePhase::decode) {
      for (int32_t layer = 0; layer < trace.shape().layers; ++layer) {
        visit(Use{layer, phase, trace.experts(token, layer)});
      }
      ++token;
      continue;
    }
    size_t end = token;
    while (end < trace.tokens() && trace.phase(end) == phase && trace.turn(end) == trace.turn(token) &&
           end - token < static_cast<size_t>(chunk)) {
      ++end;
    }
    visit_chunk(trace, token, end, visit);
    token = end;
  }
}

void count(const Use& use, uint64_t hits, ReplayCounts& counts) {
  const bool decode = use.phase == RoutePhase::decode;
  (decode ? counts.decode_uses : counts.prompt_uses) += use.experts.size();
  (decode ? counts.decode_hits : counts.prompt_hits) += hits;
}

// One use of a real cache. Returns the hits.
uint64_t run_use(const Use& use, ExpertCache& cache, std::vector<int32_t>& held) {
  held.clear();
  uint64_t hits = 0;
  for (const uint16_t expert : use.experts) {
    const Lookup lookup = cache.acquire({use.layer, expert});
    if (!lookup.found()) continue;
    held.push_back(lookup.slot);
    ++hits;
  }
  for (const uint16_t expert : use.experts) {
    if (cache.find({use.layer, expert}).found()) continue;
    const int32_t slot = cache.begin_load({use.layer, expert});
    if (slot == kNoSlot) continue;  // more experts at once than slots: read past the cache
    cache.finish_load(slot, true);
    held.push_back(slot);
  }
  for (const int32_t slot : held) cache.release(slot);
  return hits;
}

constexpr size_t kNever = std::numeric_limits<size_t>::max();

// Belady's cache: the residents by the time of their next use. Time counts single experts.
class Oracle {
 public:
  Oracle(const RouteTrace& trace, const ReplayOptions& options) : slots_(static_cast<size_t>(options.slots)) {
    experts_ = static_cast<size_t>(trace.shape().experts);
    const size_t keys = static_cast<size_t>(trace.shape().layers) * experts_;
    next_of_.assign(keys, kNever);
    std::vector<size_t> sequence;
    for_each_use(trace, options.chunk, [&](const Use& use) {
      for (const uint16_t expert : use.experts) sequence.push_back(key(use.layer, expert));
    });
    next_.resize(sequence.size());
    std::vector<size_t> seen(keys, kNever);
    for (size_t at = sequence.size(); at-- > 0;) next_[at] = std::exchange(seen[sequence[at]], at);
  }

  uint64_t run_use(const Use& use) {
    uint64_t hits = 0;
    arriving_.clear();
    for (const uint16_t expert : use.experts) {
      const size_t id = key(use.layer, expert);
      hits += residents_.erase({next_of_[id], id});  // its next use is this one
      next_of_[id] = next_[now_++];
      arriving_.push_back({next_of_[id], id});
    }
    while (!residents_.empty() && residents_.size() + arriving_.size() > slots_) residents_.erase(--residents_.end());
    for (const auto& entry : arriving_) {
      if (residents_.size() < slots_) residents_.insert(entry);
    }
    return hits;
  }

 private:
  using Entry = std::pair<size_t, size_t>;  // next use, key

  size_t key(int32_t layer, uint16_t expert) const { return static_cast<size_t>(layer) * experts_ + expert; }

  const size_t slots_;
  size_t experts_ = 0;
  std::vector<size_t> next_;     // [time] when the expert used at that time is used again
  std::vector<size_t> next_of_;  // [key] of a resident
  std::set<Entry> residents_;
  std::vector<Entry> arriving_;
  size_t now_ = 0;
};

}  // namespace

ReplayCounts replay(const RouteTrace& trace, const PolicyRow& policy, const ReplayOptions& options) {
  SLUICE_CHECK(options.slots > 0 && options.chunk > 0);
  const RouteShape& shape = trace.shape();
  const int32_t layer_floor = options.layer_floor < 0 ? shape.k : options.layer_floor;
  ExpertCache cache(
      {.layers = shape.layers, .experts_per_layer = shape.experts, .slots = options.slots, .layer_floor = layer_floor},
      policy);
  std::vector<int32_t> held;
  ReplayCounts counts;
  for_each_use(trace, options.chunk, [&](const Use& use) { count(use, run_use(use, cache, held), counts); });
  return counts;
}

ReplayCounts replay_belady(const RouteTrace& trace, const ReplayOptions& options) {
  SLUICE_CHECK(options.slots > 0 && options.chunk > 0);
  Oracle oracle(trace, options);
  ReplayCounts counts;
  for_each_use(trace, options.chunk, [&](const Use& use) { count(use, oracle.run_use(use), counts); });
  return counts;
}

RouteFigures route_figures(const RouteTrace& trace) {
  const RouteShape& shape = trace.shape();
  uint64_t again = 0, pairs = 0, uses = 0, busy = 0, touched = 0;
  const auto tenth = static_cast<ptrdiff_t>(std::max(1L, std::lround(0.1 * shape.experts)));
  for (int32_t layer = 0; layer < shape.layers; ++layer) {
    std::vector<uint64_t> counts(static_cast<size_t>(shape.experts));
    for (size_t token = 0; token < trace.tokens(); ++token) {
      const auto now = trace.experts(token, layer);
      for (const uint16_t expert : now) ++counts[expert];
      uses += now.size();
      if (token == 0 || trace.phase(token) != RoutePhase::decode) continue;
      if (trace.phase(token - 1) != RoutePhase::decode) continue;
      const auto before = trace.experts(token - 1, layer);
      pairs += now.size();
      for (const uint16_t expert : now) again += std::find(before.begin(), before.end(), expert) != before.end();
    }
    std::sort(counts.begin(), counts.end(), std::greater<>());
    for (ptrdiff_t i = 0; i < tenth; ++i) busy += counts[static_cast<size_t>(i)];
    touched += static_cast<uint64_t>(std::count_if(counts.begin(), counts.end(), [](uint64_t n) { return n > 0; }));
  }
  const auto share = [](uint64_t part, double whole) { return whole > 0 ? static_cast<double>(part) / whole : 0; };
  const double bank = static_cast<double>(shape.layers) * shape.experts;
  return {.overlap = share(again, static_cast<double>(pairs)),
          .touched = share(touched, bank),
          .busiest = share(busy, static_cast<double>(uses))};
}

int32_t slots_for(const RouteShape& shape, double share_of_bank) {
  const double bank = static_cast<double>(shape.layers) * shape.experts;
  return static_cast<int32_t>(std::clamp(std::lround(share_of_bank * bank), 1L, static_cast<long>(bank)));
}

}  // namespace sluice::cache
