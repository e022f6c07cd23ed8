// The places a probe reads: all of a file in random order, none twice in a pass. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace sluice::io {

class ProbeWalk {
 public:
  // REQUIRES: file_bytes >= block > 0. Reads are of up to `block` bytes. The seed makes the order: probes of one file take
  // different ones, else the second would find the first's places in a cache.
  ProbeWalk(uint64_t file_bytes, uint64_t block, uint64_t seed);

  // From here on places for reads of `size` bytes, in parts of the file that no earlier cell has touched.
  // REQUIRES: 0 < size <= block.
  void begin_cell(uint64_t size);

  // The next place; a multiple of the cell's size from the start of a block.
  uint64_t next();

  // Times the file was begun.
  uint64_t passes() const { return passes_; }

 private:
  void take_window();

  const uint64_t block_;
  std::vector<uint64_t> blocks_;  // where they start, shuffled
  size_t taken_ = 0;              // blocks of this pass
  std::vector<uint64_t> places_;  // of the window that is being read, shuffled, last first
  uint64_t size_ = 0;
  uint64_t passes_ = 0;
  std::mt19937_64 random_;
};

}  // namespace sluice::io
