#include "runtime/expert_store.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/check.h"

namespace sluice::runtime {
namespace {

constexpr uint64_t kPartsLimit = 16;  // parts of an expert: at most gate, up, down times data, scales, biases

double seconds_since(std::chrono::steady_clock::time_point from) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
}

}  // namespace

Result<std::unique_ptr<ExpertStore>> ExpertStore::make(const store::ModelFiles& files, const model::Plan& plan,
                                                       int32_t slots, uint64_t slot_bytes,
                                                       std::unique_ptr<io::Queue> queue) {
  SLUICE_CHECK(slots >= plan.top_k && slot_bytes > 0);
  SLUICE_TRY(Arena memory, Arena::map(static_cast<uint64_t>(slots) * slot_bytes));
  const cache::Geometry geometry{static_cast<int32_t>(plan.expert_layers.size()), plan.experts, slots};
  return std::unique_ptr<ExpertStore>(
      new ExpertStore(files, plan, slot_bytes, std::move(memory), geometry, std::move(queue)));
}

ExpertStore::ExpertStore(const store::ModelFiles& files, const model::Plan& plan, uint64_t slot_bytes, Arena memory,
                         const cache::Geometry& geometry, std::unique_ptr<io::Queue> queue)
    : files_(files), plan_(plan), slot_bytes_(slot_bytes), memory_(std::move(memory)), cache_(geometry),
      queue_(std::move(queue)) {
  wanted_.reserve(static_cast<size_t>(plan.experts));
  ready_.reserve(static_cast<size_t>(plan.experts));
  completions_.resize(64);
}

Status ExpertStore::begin(int32_t moe_index, std::span<const int32_t> experts) {
  SLUICE_CHECK(handed_ == wanted_.size());  // the step before is over
  moe_index_ = moe_index;
  wanted_.clear();
  ready_.clear();
  ready_head_ = next_waiting_ = handed_ = 0;
  const uint64_t record = plan_.expert_layers[static_cast<size_t>(moe_index)].record_bytes;
  for (const int32_t expert : experts) {
    Wanted w;
    w.expert = expert;
    const cache::Lookup found = cache_.acquire({moe_index, expert});
    if (found.found()) {
      w.slot = found.slot;
      w.stage = Stage::ready;
      ready_.push_back(static_cast<int32_t>(wanted_.size()));
    }
    found.found() ? ++counters_.hits : ++counters_.misses;
    counters_.bytes_touched += record;
    wanted_.push_back(w);
  }
  issue();
  return {};
}

// Gives slots to waiting experts, in order, while there are unpinned slots and room in the queue.
void ExpertStore::issue() {
  const model::ExpertLayer& layer = plan_.expert_layers[static_cast<size_t>(moe_index_)];
  for (; next_waiting_ < wanted_.size(); ++next_waiting_) {
    Wanted& w = wanted_[next_waiting_];
    if (w.stage != Stage::waiting) continue;
    if (queue_->capacity() - queue_->in_flight() < static_cast<size_t>(layer.parts)) return;
    w.slot = cache_.begin_load({moe_index_, w.expert});
    if (w.slot < 0) return;
    start_reads(static_cast<int32_t>(next_waiting_), w);
  }
}

void ExpertStore::start_reads(int32_t index, Wanted& w) {
  const model::ExpertLayer& layer = plan_.expert_layers[static_cast<size_t>(moe_index_)];
  w.stage = Stage::loading;
  w.parts_left = layer.parts;
  std::array<io::Request, kPartsLimit> requests;
  for (int32_t p = 0; p < layer.parts; ++p) requests[static_cast<size_t>(p)] = request_for(index, p);
  if (queue_->in_flight() == 0) reading_since_ = std::chrono::steady_clock::now();
  queue_->submit(std::span(requests).first(static_cast<size_t>(layer.parts)));
}

io::Request ExpertStore::request_for(int32_t index, int32_t part) const {
  const model::ExpertLayer& layer = plan_.expert_layers[static_cast<size_t>(moe_index_)];
  const Wanted& w = wanted_[static_cast<size_t>(index)];
  const auto p = static_cast<size_t>(part);
  const store::Extent& extent = layer.extents[static_cast<size_t>(w.expert) * static_cast<size_t>(layer.parts) + p];
  return {.file = &files_.files[static_cast<size_t>(extent.file)],
          .offset = extent.offset,
          .dst = slot_base(w.slot) + layer.part_offset[p],
          .bytes = extent.bytes,
          .tag = static_cast<uint64_t>(index) * kPartsLimit + p,
          .priority = io::Priority::demand};
}

// Books completions; the first failure is returned after all have been booked.
Status ExpertStore::take(std::span<const io::Completion> done) {
  Status status;
  for (const io::Completion& c : done) {
    const auto index = static_cast<int32_t>(c.tag / kPartsLimit), part = static_cast<int32_t>(c.tag % kPartsLimit);
    Wanted& w = wanted_[static_cast<size_t>(index)];
    counters_.bytes_read += c.bytes_done;
    if (!c.ok()) {
      w.failed = true;
      if (status.ok()) {
        status = io::describe(request_for(index, part), c)
                     .within(fmt::format("layer {} expert {}: extent {}",
                                         plan_.expert_layers[static_cast<size_t>(moe_index_)].layer, w.expert, part));
      }
    }
    if (--w.parts_left > 0) continue;
    cache_.finish_load(w.slot, !w.failed);
    w.stage = w.failed ? Stage::done : Stage::ready;
    if (!w.failed) ready_.push_back(index);
  }
  if (queue_->in_flight() == 0) counters_.reading_s += seconds_since(reading_since_);
  return status;
}

Result<int32_t> ExpertStore::next(std::span<device::ReadyExpert> out) {
  if (handed_ == wanted_.size()) return 0;
  if (ready_head_ == ready_.size()) {
    SLUICE_CHECK(queue_->in_flight() > 0);  // else every slot is pinned by experts handed out and not released
    const auto from = std::chrono::steady_clock::now();
    while (ready_head_ == ready_.size()) {
      const size_t n = queue_->wait(completions_);
      SLUICE_TRY_VOID(take(std::span(completions_).first(n)));
    }
    counters_.stall_s += seconds_since(from);
  }
  int32_t count = 0;
  for (; ready_head_ < ready_.size() && static_cast<size_t>(count) < out.size(); ++ready_head_, ++count) {
    const int32_t index = ready_[ready_head_];
    Wanted& w = wanted_[static_cast<size_t>(index)];
    w.stage = Stage::handed;
    out[static_cast<size_t>(count)] = {index, w.slot, slot_base(w.slot)};
  }
  handed_ += static_cast<size_t>(count);
  return count;
}

void ExpertStore::release(std::span<const device::ReadyExpert> done) {
  for (const device::ReadyExpert& r : done) {
    wanted_[static_cast<size_t>(r.index)].stage = Stage::done;
    cache_.release(r.slot);
  }
  issue();
}

void ExpertStore::abandon() {
  next_waiting_ = wanted_.size();
  while (queue_->in_flight() > 0) {
    const size_t n = queue_->wait(completions_);
    static_cast<void>(take(std::span(completions_).first(n)).ok());  // the error that led here has been told
  }
  for (Wanted& w : wanted_) {
    if (w.stage == Stage::ready || w.stage == Stage::handed) cache_.release(w.slot);
    w.stage = Stage::done;
  }
  ready_head_ = ready_.size();
  handed_ = wanted_.size();
}

}  // namespace sluice::runtime
