// A model from the hub into a folder: listed, checked for room, fetched in parallel pieces that survive a stop, checked
// against the listed checksums, and only then under its name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/connection.h"
#include "hub/listing.h"
#include "hub/name.h"
#include "sluice/status.h"

namespace sluice::hub {

struct PullProgress {
  std::string_view doing;        // "fetching", "checking"
  uint64_t done = 0, total = 0;  // bytes of what is done now
  uint64_t fetched = 0;          // bytes that came over the network
};

struct PullOptions {
  Access access;
  std::string revision = "main";
  int connections = 4;
  uint64_t range_bytes = uint64_t{32} << 20;          // asked for at once
  int retries = 5;                                    // in a row without a byte coming
  std::function<void(const PullProgress&)> progress;  // on the calling thread, some times a second
};

// All files of the repository. Errors: not_found (no such repository or revision; or a private one, and what to do), io
// (what the hub answered), corrupt (a listing that makes no sense), cancelled.
Result<std::vector<RemoteFile>> list_repository(const PullOptions& options, const ModelName& name);

// Those of `files` that choose picks, in its order. Errors: as choose.
Result<std::vector<RemoteFile>> choose_files(const std::vector<RemoteFile>& files, const ModelName& name);

struct PullReport {
  uint64_t bytes = 0;    // of the model
  uint64_t fetched = 0;  // of them over the network in this run
};

// Into folder/PATH each. What is there already and has its checksum stays. Nothing is written before the disk is known
// to have room. Errors: io, corrupt (a wrong checksum: the bytes are discarded), cancelled; on all but corrupt the same
// call goes on from where it stopped.
Result<PullReport> fetch(const PullOptions& options, const ModelName& name, const std::vector<RemoteFile>& files,
                         const std::string& folder);

}  // namespace sluice::hub
