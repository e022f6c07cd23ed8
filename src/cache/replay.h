// Recorded routes against a cache policy, offline: what a policy would have hit, without a model or a disk.
//
// Decode: a token's experts of a layer are looked up together and stay pinned until the layer is done, as the engine
// does it. Prompt: in chunks of tokens, layer by layer, each expert that the chunk touches is used once, ascending.
#pragma once

#include <cstdint>

#include "cache/policy.h"
#include "cache/routes.h"

namespace sluice::cache {

struct ReplayOptions {
  int32_t slots = 0;
  int32_t chunk = 512;       // prompt tokens at once
  int32_t layer_floor = -1;  // Geometry::layer_floor; -1: the trace's k
};

struct ReplayCounts {
  uint64_t decode_uses = 0;
  uint64_t decode_hits = 0;
  uint64_t prompt_uses = 0;
  uint64_t prompt_hits = 0;

  uint64_t decode_misses() const { return decode_uses - decode_hits; }
  double decode_hit_rate() const {
    return decode_uses == 0 ? 0 : static_cast<double>(decode_hits) / static_cast<double>(decode_uses);
  }
};

// The cache starts empty. REQUIRES: options.slots and chunk are positive.
ReplayCounts replay(const RouteTrace& trace, const PolicyRow& policy, const ReplayOptions& options);

// The fewest misses that any policy with foresight and forced admission could have: evict what is used latest again.
// L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966.
// Its pins are a layer's, as in replay; it counts prompt and decode together, so decode alone can be a little off.
ReplayCounts replay_belady(const RouteTrace& trace, const ReplayOptions& options);

// What a trace is like, whatever the cache: the figures that synthetic routes are fitted to.
struct RouteFigures {
  double overlap = 0;  // share of a decode token's experts that the token before it used in the same layer
  double touched = 0;  // share of the bank used at least once, prompt included
  double busiest = 0;  // share of all uses that fall on the busiest tenth of the experts of each layer
};
RouteFigures route_figures(const RouteTrace& trace);

// slots for a share of all experts, at least one.
int32_t slots_for(const RouteShape& shape, double share_of_bank);

}  // namespace sluice::cache
