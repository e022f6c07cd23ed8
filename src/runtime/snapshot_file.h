// A snapshot as a file: read only by the engine whose key it carries, and whole or not at all. Layout, little-endian, sections
// at multiples of 4096: header, tokens, checksums of the blocks, states, logits, KV blocks. Every size follows from header and
// shape and is compared with the file's before anything is believed; XXH3 over every section.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/snapshot.h"

namespace sluice::runtime {

inline constexpr uint32_t kSnapshotVersion = 1;

// Bytes of its file.
uint64_t file_bytes(const SnapshotShape& shape, const Snapshot& snapshot);

// Appears under its name whole and durable, or not at all. Errors: as store::AtomicFile.
Status write_snapshot(const std::string& path, const SnapshotShape& shape, uint64_t key, const Snapshot& snapshot);

struct SavedPrefix {
  std::vector<int32_t> tokens;
  bool pending = false, logits = false;
  int32_t held = 0;
  uint64_t memory = 0;  // that reading it takes
  uint64_t file = 0;    // bytes of the file
};

// Header and tokens only. Errors: one line with the path: io; corrupt (damaged); unsupported (another version, model or
// way to run it).
Result<SavedPrefix> read_prefix(const std::string& path, const SnapshotShape& shape, uint64_t key);

// Errors: as read_prefix; over_budget.
Result<std::shared_ptr<const Snapshot>> read_snapshot(const std::string& path, const SnapshotShape& shape, uint64_t key);

}  // namespace sluice::runtime
