// When to look ahead, and at what: between two layers, the next layer's router on the state that enters it (techniques.md,
// section 4: 60 to 90 % of its experts a step of attention early). A guess is read only into idle time of the drive, so it
// costs the guess itself, the memory its bytes take to arrive, and the cold slots they land in; where it is seldom
// right, or nothing is ever missing, automatic look-ahead stops and tries again now and then. Changes no result.
#pragma once

#include <cstdint>
#include <vector>

#include "device/cpu/cpu_device.h"
#include "model/plan.h"
#include "runtime/expert_store.h"

namespace sluice::runtime {

enum class LookaheadMode { automatic, on, off };

class Lookahead {
 public:
  Lookahead(const model::Plan& plan, LookaheadMode mode);

  // A chunk begins; `counters` as they stand.
  void begin_chunk(bool prompt, const ExpertCounters& counters);

  // Whether a guess is due after step `index` of the plan.
  bool due(size_t index) const { return active_ && targets_[index].route != nullptr; }

  // Guesses and tells the port. REQUIRES: due(index).
  void look(size_t index, device::CpuDevice& device, const device::Chunk& chunk);

 private:
  struct Target {
    const model::Norm* norm = nullptr;
    const model::Route* route = nullptr;
  };
  bool pays(const ExpertCounters& counters);

  const LookaheadMode mode_;
  std::vector<Target> targets_;   // by step
  std::vector<int32_t> guess_;
  bool active_ = false;
  int32_t asleep_ = 0;            // tokens until the next try
  double right_ = 0;              // share of the guesses read that were used; fades
  double needed_ = 1;             // experts a token that were not in their slots; fades
  ExpertCounters before_;
};

}  // namespace sluice::runtime
