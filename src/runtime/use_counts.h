// How often each expert was used, kept between runs: what to read first when a model is opened again. One user's habits
// do carry over (techniques.md, section 3: a learned warm start took hits from 57 to 71 % over five runs), but fade.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sluice/status.h"

namespace sluice::runtime {

class UseCounts {
 public:
  UseCounts(int32_t layers, int32_t experts);

  bool covers(int32_t moe_index) const { return moe_index < layers_; }  // a prediction head's experts are not counted
  // REQUIRES: covers(moe_index).
  void add(int32_t moe_index, int32_t expert, int32_t uses) {
    counts_[static_cast<size_t>(moe_index) * static_cast<size_t>(experts_) + static_cast<size_t>(expert)] += static_cast<float>(uses);
  }

  std::span<const float> counts() const { return counts_; }  // of this run, [layers][experts]

  // Takes in what an earlier run left. Errors: not_found; corrupt, where the file is of another shape or damaged; io.
  Status read(const std::string& path);
  // The earlier runs' counts, halved, and this one's; under the name whole or not at all. Errors: io.
  Status write(const std::string& path) const;

  // moe_index * experts + expert, most used in earlier runs first; never used ones left out.
  std::vector<int32_t> favourites() const;

 private:
  const int32_t layers_, experts_;
  std::vector<float> counts_;   // of this run
  std::vector<float> earlier_;
};

}  // namespace sluice::runtime
