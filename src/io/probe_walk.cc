#include "io/probe_walk.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::io {

ProbeWalk::ProbeWalk(uint64_t file_bytes, uint64_t block, uint64_t seed) : block_(block), random_(seed) {
  SLUICE_CHECK(block > 0 && file_bytes >= block);
  for (uint64_t at = 0; at + block <= file_bytes; at += block) blocks_.push_back(at);
  taken_ = blocks_.size();
}

void ProbeWalk::begin_cell(uint64_t size) {
  SLUICE_CHECK(size > 0 && size <= block_);
  size_ = size;
  places_.clear();
}

uint64_t ProbeWalk::next() {
  if (places_.empty()) take_window();
  const uint64_t place = places_.back();
  places_.pop_back();
  return place;
}

// Some blocks at a time, cut to size and shuffled together: random over many places, and what a cell leaves is little.
void ProbeWalk::take_window() {
  constexpr size_t kBlocks = 16;
  if (taken_ == blocks_.size()) {
    std::shuffle(blocks_.begin(), blocks_.end(), random_);
    taken_ = 0;
    ++passes_;
  }
  const size_t end = std::min(taken_ + kBlocks, blocks_.size());
  for (; taken_ < end; ++taken_) {
    for (uint64_t at = 0; at + size_ <= block_; at += size_) places_.push_back(blocks_[taken_] + at);
  }
  std::shuffle(places_.begin(), places_.end(), random_);
}

}  // namespace sluice::io
