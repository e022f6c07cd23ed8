// The expert port over cache and io: a bounded pool of slots, filled by demand reads straight from the model's files.
//
// One thread calls it. A step's misses are issued together, most wanted first, as far as unpinned slots reach; slots
// released during the step go to experts still waiting.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "cache/expert_cache.h"
#include "device/expert_port.h"
#include "io/queue.h"
#include "model/plan.h"

namespace sluice::runtime {

// Since construction; sessions keep differences.
struct ExpertCounters {
  uint64_t hits = 0, misses = 0;
  uint64_t bytes_touched = 0;   // record bytes of every expert use
  uint64_t bytes_read = 0;
  double stall_s = 0;           // compute waited for a read
  double reading_s = 0;         // reads were outstanding, as far as this thread saw
};

class ExpertStore final : public device::ExpertPort {
 public:
  // `files` and `plan` must outlive the store. Errors: over_budget (the slots cannot be mapped).
  static Result<std::unique_ptr<ExpertStore>> make(const store::ModelFiles& files, const model::Plan& plan,
                                                   int32_t slots, uint64_t slot_bytes, std::unique_ptr<io::Queue> queue);

  Status begin(int32_t moe_index, std::span<const int32_t> experts) override;
  Result<int32_t> next(std::span<device::ReadyExpert> out) override;
  void release(std::span<const device::ReadyExpert> done) override;
  void abandon() override;

  const ExpertCounters& counters() const { return counters_; }

 private:
  enum class Stage : uint8_t { waiting, loading, ready, handed, done };
  struct Wanted {
    int32_t expert = 0, slot = 0, parts_left = 0;
    Stage stage = Stage::waiting;
    bool failed = false;
  };

  ExpertStore(const store::ModelFiles& files, const model::Plan& plan, uint64_t slot_bytes, Arena memory,
              const cache::Geometry& geometry, std::unique_ptr<io::Queue> queue);
  void issue();
  void start_reads(int32_t index, Wanted& w);
  io::Request request_for(int32_t index, int32_t part) const;
  Status take(std::span<const io::Completion> done);
  std::byte* slot_base(int32_t slot) const { return memory_.data() + static_cast<uint64_t>(slot) * slot_bytes_; }

  const store::ModelFiles& files_;
  const model::Plan& plan_;
  const uint64_t slot_bytes_;
  Arena memory_;
  cache::ExpertCache cache_;
  std::unique_ptr<io::Queue> queue_;

  int32_t moe_index_ = 0;
  std::vector<Wanted> wanted_;       // of the step, in the order given; capacity fixed at construction
  std::vector<int32_t> ready_;       // indices not yet handed out, a FIFO from ready_head_
  size_t ready_head_ = 0;
  size_t next_waiting_ = 0;          // all before it are past waiting
  size_t handed_ = 0;
  std::chrono::steady_clock::time_point reading_since_{};  // while reads are outstanding
  std::vector<io::Completion> completions_;
  ExpertCounters counters_;
};

}  // namespace sluice::runtime
