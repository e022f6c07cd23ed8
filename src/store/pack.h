// A pack: a model with one aligned, checksummed record for every routed expert. What the folder holds: docs/pack.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "sluice/status.h"
#include "store/model_files.h"
#include "store/pack_plan.h"

namespace sluice::store {

// Whether the folder holds a pack, finished or not.
bool is_pack(const std::string& folder);

// Errors: corrupt (among others a pack that is not finished), unsupported, io.
Result<ModelFiles> open_pack(const std::string& folder);

// Who watches: both may be empty. `progress` is called in the caller's thread.
struct PackWatch {
  std::function<void(uint64_t done, uint64_t total)> progress;  // bytes
  const std::atomic<bool>* cancel = nullptr;
};

struct PackWritten {
  uint64_t bytes = 0;    // of the whole pack
  uint64_t resumed = 0;  // of them, what an earlier run had done
};

// Makes the pack in the folder `out`, which is created, or goes on with what an earlier run left there: what is claimed
// done is read and checked. The bytes do not depend on how often it was stopped.
// Errors: invalid (a folder with something else in it), io (among others a disk without room: both numbers), cancelled.
Result<PackWritten> write_pack(const ModelFiles& model, const PackPlan& plan, const std::string& out,
                               const PackWatch& watch);

// Reads all of a pack against its checksums; returns the bytes read.
// Errors: corrupt (the first bad piece: layer, expert, file, offset), as read_pack_index, cancelled.
Result<uint64_t> verify_pack(const std::string& folder, const PackWatch& watch);

}  // namespace sluice::store
