// What a drive gives: reads of a file at offsets that do not repeat, by size of read and number in flight, past the
// page cache and through it.
//
// It goes through the same queue and backend as the engine does. Cells take fresh places of the file, in random order,
// until the file is used up; then they start over with the cache dropped again, and Probe::passes says so: a drive (or
// the host of a virtual machine) may remember what it has given before, so the file should be larger than its cache.
// Buffered cells start with the file's pages dropped from the page cache, as far as the system does that for the
// asking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/file.h"
#include "sluice/status.h"

namespace sluice::io {

struct ProbeOptions {
  std::string backend = {};  // as make_queue takes it: empty for the first that runs here
  std::vector<Mode> modes = {Mode::direct, Mode::buffered};
  std::vector<uint64_t> sizes = {64 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20, 4 << 20};
  std::vector<int32_t> depths = {1, 2, 4, 8, 16};  // reads in flight; of a pool of threads, threads
  double seconds = 0.3;                            // a cell
  uint64_t piece = 0;                              // QueueOptions::piece
  // Called before each cell; false gives up.
  std::function<bool(size_t cell, size_t cells)> go_on = {};
};

struct ProbeCell {
  Mode mode = Mode::direct;
  uint64_t size = 0;  // bytes a read
  int32_t depth = 0;
  uint64_t bytes = 0;
  double seconds = 0;
  double mean_ms = 0;  // from submission to completion
  double p99_ms = 0;

  double gb_s() const { return seconds > 0 ? static_cast<double>(bytes) / seconds / 1e9 : 0; }
};

struct Probe {
  std::string backend;
  uint64_t file_bytes = 0;
  uint64_t alignment = 0;        // of direct reads; 0: the file system has none, and there are no such cells
  std::string direct_refused;    // why
  uint64_t passes = 0;           // times the file was begun: 1 means that no place was read twice
  std::vector<ProbeCell> cells;  // mode by mode, size by size, depth by depth

  // The cell with the fewest bytes in flight whose rate is within 5 % of the mode's best: what to ask of the drive, and
  // not more. nullptr when the mode has no cells.
  const ProbeCell* knee(Mode mode) const;
};

// Reads of an existing file, which it leaves as it is. Sizes larger than the file are left out.
// Errors: those of File::open and make_queue; invalid (the file is smaller than every size; no sizes or depths), io,
// cancelled.
Result<Probe> probe_file(const std::string& path, const ProbeOptions& options);

}  // namespace sluice::io
