// Divides the budget before anything is read: process, trunk, session state, working buffers, and what is left for
// expert slots. Pure arithmetic.
#pragma once

#include "kernels/kv_rows.h"
#include "model/plan.h"
#include "runtime/slot_layout.h"
#include "sluice/engine.h"

namespace sluice::runtime {

struct MemoryRequest {
  uint64_t budget = 0;      // bytes, already resolved from the machine when the user gave none
  bool budget_given = true; // for the message
  int64_t context = 0;      // 0: the model's, at most 8192
  kernels::KvFormat kv = kernels::KvFormat::f32;
  int32_t chunk = 0;        // 0: as large as an eighth of what the floor leaves holds, up to 2048
  int32_t threads = 1;
  int64_t vocabulary = 0;   // tokens the tokenizer holds
  uint64_t alignment = 4096;  // of reads into slots: the largest File::alignment()
  bool small_pool = false;    // the page cache is the cache: slots only for what is being computed
  bool lookahead = true;
  int64_t snapshots = 0;      // bytes for saved prefixes; below 0: an eighth of what the floor leaves, at most kMostSnapshots
  int32_t sessions = 1;       // below 0: up to kMostByItself, as many as an eighth of what the floor leaves holds
  int32_t drafts = 0;         // most tokens guessed ahead in a pass; 0: none, and no room for them
};

// `slots`, where given, takes the slots as they are planned. Errors: over_budget, naming what the floor is and what it is
// made of; invalid (a context beyond the model's).
Result<MemoryPlan> plan_memory(const model::Plan& plan, const MemoryRequest& request, SlotPlan* slots = nullptr);

// Sessions at once when nobody says how many.
inline constexpr int32_t kMostByItself = 4;

// What the plan sets aside for logits when every position's are wanted.
inline constexpr uint64_t kLogitsBytes = uint64_t{8} << 20;

inline constexpr uint64_t kMostSnapshots = uint64_t{2} << 30;

// States of the model's last layer that wait until the prediction head wants them.
inline constexpr uint64_t kDraftStates = 64;

// The budget when the user names none: what is available, less a reserve for everybody else.
uint64_t default_budget(uint64_t available);
uint64_t memory_reserve(uint64_t available);

// Decimal, "1.53 GB", for messages and the footer.
std::string human_bytes(uint64_t bytes);

}  // namespace sluice::runtime
