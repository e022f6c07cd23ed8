// The expert port over cache and io: a bounded pool of slots, filled by reads straight from the model's files.
//
// One thread calls it. A step's misses are issued together, most wanted first, as far as unpinned slots reach; slots
// released during the step go to experts still waiting. What look-ahead expects is read while fewer than a few reads are
// under way; what of it has not been started when the next step begins is dropped.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/trace.h"
#include "device/expert_port.h"
#include "io/drives.h"
#include "io/queue.h"
#include "model/plan.h"
#include "runtime/expert_files.h"
#include "runtime/slot_pool.h"
#include "runtime/use_counts.h"

namespace sluice::runtime {

// Since construction; sessions keep differences. A use is one expert of one step.
struct ExpertCounters {
  uint64_t hits = 0;            // uses of an expert that was in its slot, and not there on suspicion for the first time
  uint64_t misses = 0;          // uses that had to be read for
  uint64_t foreseen = 0;        // first uses of an expert that look-ahead had read, or was reading
  uint64_t bytes_touched = 0;   // record bytes of every use
  uint64_t bytes_needed = 0;    // record bytes of misses and foreseen uses: what no look-ahead saves
  uint64_t bytes_read = 0;      // useless look-ahead included
  uint64_t speculative_reads = 0;  // experts
  double stall_s = 0;           // compute waited for a read
  double reading_s = 0;         // reads were outstanding, as far as this thread saw
};

class ExpertStore final : public device::ExpertPort {
 public:
  // `files` opened as the reads shall go. They, and `plan`, must outlive the store. `drives` are those of the files; the
  // queue knows as many. REQUIRES: slots for top_k experts of every class.
  ExpertStore(const ExpertFiles& files, io::Drives drives, const model::Plan& plan, std::unique_ptr<SlotPool> pool,
              std::unique_ptr<io::Queue> queue);

  Status begin(const device::ExpertDemand& demand) override;
  void expect(int32_t moe_index, std::span<const int32_t> experts) override;
  bool complete(int32_t moe_index) const override { return pool_->complete(moe_index); }
  void pump() override;
  Result<int32_t> next(std::span<device::ReadyExpert> out) override;
  void release(std::span<const device::ReadyExpert> done) override;
  void abandon() override;

  // Experts worth having before anybody asks, most wanted first, as moe_index * experts + expert: read into empty slots
  // when the drive is idle.
  void warm(std::vector<int32_t> experts);
  // Between steps, while nobody has anything else to do: goes on with that and waits for a read. False: nothing is left.
  bool warm_up();

  // Counts every use from now on; null for none. It must outlive the store.
  void set_uses(UseCounts* uses) { uses_ = uses; }
  // Keeps spans of reads and waits; null for none. It must outlive the store.
  void set_trace(Trace* trace) { trace_ = trace; }

  const ExpertCounters& counters() const { return counters_; }
  SlotPool& pool() { return *pool_; }
  const SlotPool& pool() const { return *pool_; }
  const io::Queue& queue() const { return *queue_; }

 private:
  enum class Stage : uint8_t { waiting, loading, ready, handed, done };
  enum class Why : uint8_t { demand, foreseen, warm };
  struct Wanted {
    int32_t expert = 0, slot = 0;
    cache::Admission admission = cache::Admission::demand;
    Stage stage = Stage::waiting;
  };
  // What is being read into a slot, or was.
  struct Load {
    int32_t moe_index = 0, expert = 0;
    int32_t wanted = -1;    // of the step, that waits for it
    int32_t reads_left = 0;
    Why why = Why::demand;
    bool failed = false;
    bool untried = false;   // foreseen, and not used so far
    uint64_t begun_ns = 0;  // where there is a trace
    std::array<int32_t, model::ExpertLayer::kMostParts> file = {};   // [read] the copy it is read from
    std::array<int8_t, model::ExpertLayer::kMostParts> tries = {};
  };
  // Experts under way while others may be started that no token waits for. A token's steps are short: enough to keep the
  // drive busy (docs/lab/2026-11-23-direct-and-depth.md: 2 MB records saturate at 1 or 2 in flight), few enough for a
  // demand read to come through soon. A prompt's are long, and nobody looks after the queue meanwhile.
  static constexpr int32_t kBusyToken = 2, kBusyPrompt = 40;
  struct Expected {
    int32_t moe_index, expert;
  };

  void issue();
  bool start(int32_t moe_index, int32_t expert, cache::Admission admission, Why why, int32_t wanted);
  void start_expected();
  void start_warm();
  io::Request request_for(int32_t slot, const RecordRead& read, int32_t index) const;
  int32_t pick(const store::Extent& extent);
  void settle(int32_t slot, int32_t index, bool ok);
  bool again(int32_t slot, int32_t index);
  void take(std::span<const io::Completion> done);
  void finish(int32_t slot);
  Error describe(int32_t slot, int32_t index, const io::Completion& c) const;
  void seed(const device::ExpertDemand& demand);
  void join(Wanted& w, int32_t index, const cache::Lookup& found);
  const model::ExpertLayer& layer(int32_t moe_index) const { return plan_.expert_layers[static_cast<size_t>(moe_index)]; }
  int32_t busy() const { return prompt_ ? kBusyPrompt : kBusyToken; }
  Load& load(int32_t slot) { return loads_[static_cast<size_t>(slot)]; }

  const ExpertFiles& files_;
  io::Drives drives_;
  const model::Plan& plan_;
  std::unique_ptr<SlotPool> pool_;
  std::unique_ptr<io::Queue> queue_;

  int32_t moe_index_ = 0;
  bool prompt_ = false;              // the chunk is of a prompt
  std::vector<Wanted> wanted_;       // of the step, in the order given; capacity fixed at construction
  std::vector<int32_t> ready_;       // indices not yet handed out, a FIFO from ready_head_
  size_t ready_head_ = 0;
  size_t next_waiting_ = 0;          // all before it are past waiting
  size_t handed_ = 0;
  std::vector<Load> loads_;          // by slot
  int32_t loading_ = 0;              // slots being read into
  std::vector<Expected> expected_;   // not yet started, a FIFO from expected_head_
  size_t expected_head_ = 0;
  std::vector<int32_t> warm_;        // likewise, from warm_head_
  size_t warm_head_ = 0;
  std::vector<int32_t> by_use_;      // scratch of seed
  std::chrono::steady_clock::time_point reading_since_{};  // while reads are outstanding
  std::vector<io::Completion> completions_;
  std::optional<Error> failure_;     // of a read the step waits for
  ExpertCounters counters_;
  UseCounts* uses_ = nullptr;
  Trace* trace_ = nullptr;
};

}  // namespace sluice::runtime
