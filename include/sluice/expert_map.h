// A picture of the routed experts: which lie in memory, and how often each was picked.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice {

// Grids are [layers][experts], one row a mixture layer of the model (a prediction head's are left out).
struct ExpertMap {
  int32_t layers = 0, experts = 0;
  uint64_t version = 0;           // another one: the picture has changed
  std::vector<uint8_t> resident;  // 1: its weights can be used at once
  std::vector<float> uses;        // picks of late: each counts half after some twenty seconds of work
  int32_t in_memory = 0;          // experts resident
  int32_t slots = 0;              // experts that may be in memory at this moment
};

}  // namespace sluice
