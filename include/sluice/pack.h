// Packs: a model with one aligned, checksummed record for every routed expert, so that a miss is one large read. A pack
// gives the same bytes of output as the model it was made from.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "sluice/status.h"

namespace sluice {

struct PackOptions {
  std::string model;  // what to pack; verify_pack: the pack
  std::string out;    // a folder: not there, empty, or with this pack in it, begun or finished
  std::string layout = "record";

  std::function<void(uint64_t done, uint64_t total)> progress;  // bytes; called in the caller's thread
  const std::atomic<bool>* cancel = nullptr;
};

struct PackReport {
  uint64_t bytes = 0;    // of the pack
  uint64_t resumed = 0;  // of them, what earlier runs had done: all of it where the pack was finished
};

// Makes a pack, or goes on where an earlier run with the same options was stopped. The folder opens as a model once
// everything in it is on the disk.
// Errors: as inspect for the model; invalid (layout, folder), io (a disk without room: both numbers), cancelled.
Result<PackReport> pack(const PackOptions& options);

// Reads all of a pack and compares it with its checksums.
// Errors: corrupt, naming layer, expert, file and offset of the first that differs; not_found, io, cancelled.
Result<PackReport> verify_pack(const PackOptions& options);

}  // namespace sluice
