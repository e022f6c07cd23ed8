// The seam between a device and wherever experts come from: "the next ready expert of this step". Runtime implements it
// over cache and io; tests implement it with everything resident. Device code cannot tell the difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/plan.h"
#include "sluice/status.h"

namespace sluice::device {

struct ReadyExpert {
  int32_t index;             // position in the list given to begin()
  int32_t slot;              // the port's own handle
  model::ExpertParts parts;  // where the expert's parts stand; pinned until released
};

// The distinct experts one MoE layer needs, most wanted first, and how many of the chunk's tokens want each.
struct ExpertDemand {
  int32_t moe_index;
  std::span<const int32_t> experts;
  std::span<const int32_t> uses;
  bool prompt;     // the chunk is part of a prompt, as opposed to a token with its drafts
};

// One caller at a time. Between begin() and the last release() of a step no other step may begin.
class ExpertPort {
 public:
  virtual ~ExpertPort() = default;

  // Announces what a layer needs. All misses that slots allow are issued at once; never blocks. The spans are copied.
  virtual Status begin(const ExpertDemand& demand) = 0;

  // What a later layer will probably want, best guess first: to be read while the drive has nothing better to do. The
  // next begin() drops what has not been started. Never blocks, changes no result.
  virtual void expect(int32_t moe_index, std::span<const int32_t> experts) { static_cast<void>(moe_index), static_cast<void>(experts); }

  // Whether all experts of a layer are there, or on their way: then there is nothing to expect.
  virtual bool complete(int32_t moe_index) const { return static_cast<void>(moe_index), false; }

  // Called between steps: takes in reads that have landed and starts others. Never blocks.
  virtual void pump() {}

  // Fills `out` with experts that are ready and not yet handed out, resident ones first, then as reads land. Blocks
  // until there is at least one; 0 when all were handed out. Errors: io (layer, expert, file, offset); the step is over.
  virtual Result<int32_t> next(std::span<ReadyExpert> out) = 0;

  // Unpins; their slots may serve experts still waiting.
  virtual void release(std::span<const ReadyExpert> done) = 0;

  // Ends a step early: waits for reads in flight, unpins everything. For errors; harmless otherwise.
  virtual void abandon() = 0;
};

}  // namespace sluice::device
