#include "runtime/expert_store.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/check.h"
#include "base/clock.h"

namespace sluice::runtime {
namespace {

constexpr uint64_t kTagReads = 16;  // reads of a slot a tag tells apart
static_assert(kTagReads >= model::ExpertLayer::kMostParts);

constexpr size_t kMostExpected = 1024;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

ExpertStore::ExpertStore(const ExpertFiles& files, io::Drives drives, const model::Plan& plan, std::unique_ptr<SlotPool> pool,
                         std::unique_ptr<io::Queue> queue)
    : files_(files), drives_(std::move(drives)), plan_(plan), pool_(std::move(pool)), queue_(std::move(queue)),
      loads_(static_cast<size_t>(pool_->slots())) {
  const auto experts = static_cast<size_t>(plan.experts);
  wanted_.reserve(experts);
  ready_.reserve(experts);
  by_use_.reserve(experts);
  expected_.reserve(kMostExpected);
  completions_.resize(64);
}

Status ExpertStore::begin(const device::ExpertDemand& demand) {
  SLUICE_CHECK(handed_ == wanted_.size());  // the step before is over
  moe_index_ = demand.moe_index;
  if (prompt_ && !demand.prompt) {  // what the prompt's look-ahead left behind is the cache that decoding starts with
    for (Load& l : loads_) l.untried = false;
  }
  prompt_ = demand.prompt;
  failure_.reset();
  wanted_.clear();
  ready_.clear();
  ready_head_ = next_waiting_ = handed_ = 0;
  expected_.clear();
  expected_head_ = 0;
  const uint64_t record = layer(moe_index_).record_bytes;
  for (const int32_t expert : demand.experts) wanted_.push_back({.expert = expert});
  if (prompt_) seed(demand);
  for (size_t i = 0; i < wanted_.size(); ++i) {
    Wanted& w = wanted_[i];
    const cache::Lookup found = pool_->acquire(moe_index_, w.expert);
    counters_.bytes_touched += record;
    if (uses_ != nullptr && uses_->covers(moe_index_)) uses_->add(moe_index_, w.expert, demand.uses[i]);
    if (found.found()) {
      join(w, static_cast<int32_t>(i), found);
    } else {
      ++counters_.misses;
      counters_.bytes_needed += record;
    }
  }
  issue();
  return {};
}

// An expert that is in a slot, or on its way to one.
void ExpertStore::join(Wanted& w, int32_t index, const cache::Lookup& found) {
  Load& l = load(found.slot);
  w.slot = found.slot;
  if (l.untried) {
    ++counters_.foreseen;
    counters_.bytes_needed += layer(moe_index_).record_bytes;
    l.untried = false;
  } else {
    ++counters_.hits;
  }
  if (found.state == cache::SlotState::ready) {
    w.stage = Stage::ready;
    ready_.push_back(index);
  } else {
    w.stage = Stage::loading;
    l.wanted = index;
  }
}

// A prompt reads nearly everything: only as many of a layer's experts as its share of the slots, the most used ones, are
// admitted like a token's; the others pass through the cold end and do not flush what decoding will want.
void ExpertStore::seed(const device::ExpertDemand& demand) {
  const auto keep = static_cast<size_t>(pool_->share_of_layer(demand.moe_index));
  if (demand.experts.size() <= keep) return;
  by_use_.resize(demand.experts.size());
  for (size_t i = 0; i < by_use_.size(); ++i) by_use_[i] = static_cast<int32_t>(i);
  std::nth_element(by_use_.begin(), by_use_.begin() + static_cast<std::ptrdiff_t>(keep), by_use_.end(), [&](int32_t a, int32_t b) {
    const int32_t x = demand.uses[static_cast<size_t>(a)], y = demand.uses[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  });
  for (size_t i = keep; i < by_use_.size(); ++i) {
    wanted_[static_cast<size_t>(by_use_[i])].admission = cache::Admission::speculative;
  }
}

// Gives slots to waiting experts, in order, while there are unpinned slots and room in the queue.
void ExpertStore::issue() {
  for (; next_waiting_ < wanted_.size(); ++next_waiting_) {
    const Wanted& w = wanted_[next_waiting_];
    if (w.stage != Stage::waiting) continue;
    if (!start(moe_index_, w.expert, w.admission, Why::demand, static_cast<int32_t>(next_waiting_))) return;
  }
}

// False: no slot, or no room in the queue; nothing has changed.
bool ExpertStore::start(int32_t moe_index, int32_t expert, cache::Admission admission, Why why, int32_t wanted) {
  if (queue_->capacity() - queue_->in_flight() < static_cast<size_t>(model::ExpertLayer::kMostParts)) return false;
  int32_t slot = pool_->begin_load(moe_index, expert, admission);
  // A policy may turn a speculative arrival away; an expert that a token waits for has to go somewhere.
  if (slot == cache::kNoSlot && why == Why::demand) slot = pool_->begin_load(moe_index, expert, cache::Admission::demand);
  if (slot == cache::kNoSlot) return false;
  const RecordReads reads = record_reads(layer(moe_index), expert, pool_->plan().alignment);
  Load& l = load(slot);
  l = {moe_index, expert, wanted, reads.count, why, false, why == Why::foreseen, trace_ != nullptr ? trace_now() : 0};
  if (wanted >= 0) {
    wanted_[static_cast<size_t>(wanted)].slot = slot;
    wanted_[static_cast<size_t>(wanted)].stage = Stage::loading;
  }
  const std::byte** parts = pool_->parts(slot);
  const auto extents = layer(moe_index).expert(expert);
  std::array<io::Request, model::ExpertLayer::kMostParts> requests;
  for (int32_t i = 0; i < reads.count; ++i) {
    const RecordRead& read = reads.reads[static_cast<size_t>(i)];
    for (int32_t p = read.first_part; p < read.first_part + read.parts; ++p) {
      parts[p] = pool_->base(slot) + read.at + (extents[static_cast<size_t>(p)].offset - read.extent.offset);
    }
    l.file[static_cast<size_t>(i)] = pick(read.extent);
    requests[static_cast<size_t>(i)] = request_for(slot, read, i);
  }
  if (queue_->in_flight() == 0) reading_since_ = std::chrono::steady_clock::now();
  queue_->submit(std::span(requests).first(static_cast<size_t>(reads.count)));
  counters_.speculative_reads += why == Why::foreseen ? 1 : 0;
  ++loading_;
  return true;
}

io::Request ExpertStore::request_for(int32_t slot, const RecordRead& read, int32_t index) const {
  const Load& l = loads_[static_cast<size_t>(slot)];
  const int32_t file = l.file[static_cast<size_t>(index)];
  return {.file = files_.files[static_cast<size_t>(file)],
          .offset = read.extent.offset,
          .dst = pool_->base(slot) + read.at,
          .bytes = read.extent.bytes,
          .tag = static_cast<uint64_t>(slot) * kTagReads + static_cast<uint64_t>(index),
          .priority = l.why == Why::demand ? io::Priority::demand : io::Priority::speculative,
          .drive = static_cast<uint16_t>(drives_.drive_of(file))};
}

// The file to read from: of several copies, the one that will be done first.
int32_t ExpertStore::pick(const store::Extent& extent) {
  const auto& copies = files_.copies[static_cast<size_t>(extent.file)];
  return copies.size() == 1 ? extent.file : drives_.pick(copies, extent.bytes, now_s());
}

// Tells the drives of a read that has ended.
void ExpertStore::settle(int32_t slot, int32_t index, bool ok) {
  const Load& l = load(slot);
  const RecordReads reads = record_reads(layer(l.moe_index), l.expert, pool_->plan().alignment);
  const store::Extent& extent = reads.reads[static_cast<size_t>(index)].extent;
  if (files_.copies[static_cast<size_t>(extent.file)].size() == 1) return;
  drives_.done(l.file[static_cast<size_t>(index)], extent.bytes, now_s(), ok);
}

// A read has failed for good: from another copy, where there is one.
bool ExpertStore::again(int32_t slot, int32_t index) {
  Load& l = load(slot);
  const RecordReads reads = record_reads(layer(l.moe_index), l.expert, pool_->plan().alignment);
  const RecordRead& read = reads.reads[static_cast<size_t>(index)];
  const auto i = static_cast<size_t>(index);
  if (++l.tries[i] >= static_cast<int8_t>(files_.copies[static_cast<size_t>(read.extent.file)].size())) return false;
  l.file[i] = pick(read.extent);
  const io::Request request = request_for(slot, read, index);
  queue_->submit({&request, 1});
  return true;
}

void ExpertStore::expect(int32_t moe_index, std::span<const int32_t> experts) {
  for (const int32_t expert : experts) {
    if (expected_.size() == kMostExpected) return;
    if (!pool_->find(moe_index, expert).found()) expected_.push_back({moe_index, expert});
  }
  start_expected();
}

void ExpertStore::pump() {
  while (queue_->in_flight() > 0) {
    const size_t n = queue_->poll(completions_);
    take(std::span(completions_).first(n));
    if (n < completions_.size()) break;
  }
  start_expected();
  start_warm();
}

void ExpertStore::start_expected() {
  for (; expected_head_ < expected_.size() && loading_ < busy(); ++expected_head_) {
    const Expected e = expected_[expected_head_];
    if (pool_->find(e.moe_index, e.expert).found()) continue;
    static_cast<void>(start(e.moe_index, e.expert, cache::Admission::speculative, Why::foreseen, -1));
  }
}

void ExpertStore::warm(std::vector<int32_t> experts) {
  warm_ = std::move(experts);
  warm_head_ = 0;
}

void ExpertStore::start_warm() {
  for (; warm_head_ < warm_.size() && loading_ < busy(); ++warm_head_) {
    const int32_t moe_index = warm_[warm_head_] / plan_.experts, expert = warm_[warm_head_] % plan_.experts;
    if (pool_->find(moe_index, expert).found()) continue;
    if (!pool_->has_empty(moe_index)) continue;
    static_cast<void>(start(moe_index, expert, cache::Admission::demand, Why::warm, -1));
  }
}

bool ExpertStore::warm_up() {
  start_warm();
  if (queue_->in_flight() == 0) return false;
  take(std::span(completions_).first(queue_->wait(completions_)));
  return true;
}

// Books completions. What fails and was read on suspicion harms nobody: who wants it reads it again.
void ExpertStore::take(std::span<const io::Completion> done) {
  for (const io::Completion& c : done) {
    const auto slot = static_cast<int32_t>(c.tag / kTagReads);
    Load& l = load(slot);
    const auto index = static_cast<int32_t>(c.tag % kTagReads);
    counters_.bytes_read += c.bytes_done;
    if (files_.several) settle(slot, index, c.ok());
    if (!c.ok() && again(slot, index)) continue;
    if (!c.ok()) {
      if (!failure_ && l.why == Why::demand) failure_ = describe(slot, index, c);
      l.failed = true;
    }
    if (--l.reads_left == 0) finish(slot);
  }
  if (!done.empty() && queue_->in_flight() == 0) counters_.reading_s += seconds_since(reading_since_);
}

// The last read of a slot has ended.
void ExpertStore::finish(int32_t slot) {
  Load& l = load(slot);
  --loading_;
  if (trace_ != nullptr) {
    trace_->record(l.why == Why::demand ? "read" : "read ahead", layer(l.moe_index).layer, l.expert, TraceTrack::reads, l.begun_ns, trace_now());
  }
  pool_->finish_load(slot, !l.failed);
  if (l.why != Why::demand && !l.failed) pool_->release(slot);  // the loader's pin; who joined has one of its own
  if (l.wanted < 0) return;
  Wanted& w = wanted_[static_cast<size_t>(l.wanted)];
  if (!l.failed) {
    w.stage = Stage::ready;
    ready_.push_back(l.wanted);
  } else if (l.why == Why::demand) {
    w.stage = Stage::done;
  } else {
    pool_->release(slot);
    w.stage = Stage::waiting;
    next_waiting_ = std::min(next_waiting_, static_cast<size_t>(l.wanted));
  }
}

Error ExpertStore::describe(int32_t slot, int32_t index, const io::Completion& c) const {
  const Load& l = loads_[static_cast<size_t>(slot)];
  const RecordReads reads = record_reads(layer(l.moe_index), l.expert, pool_->plan().alignment);
  const RecordRead& read = reads.reads[static_cast<size_t>(index)];
  return io::describe(request_for(slot, read, index), c)
      .within(fmt::format("layer {} expert {}: extent {}", layer(l.moe_index).layer, l.expert, read.first_part));
}

Result<int32_t> ExpertStore::next(std::span<device::ReadyExpert> out) {
  if (handed_ == wanted_.size()) return 0;
  pump();
  if (ready_head_ == ready_.size() && !failure_) {
    const auto from = std::chrono::steady_clock::now();
    while (ready_head_ == ready_.size() && !failure_) {
      issue();
      SLUICE_CHECK(queue_->in_flight() > 0);  // else every slot is pinned by experts handed out and not released
      take(std::span(completions_).first(queue_->wait(completions_)));
    }
    counters_.stall_s += seconds_since(from);
    if (trace_ != nullptr) {
      const uint64_t now = trace_now();
      trace_->record("wait", layer(moe_index_).layer, -1, TraceTrack::waits, now - static_cast<uint64_t>(seconds_since(from) * 1e9), now);
    }
  }
  if (failure_) return *failure_;
  int32_t count = 0;
  for (; ready_head_ < ready_.size() && static_cast<size_t>(count) < out.size(); ++ready_head_, ++count) {
    const int32_t index = ready_[ready_head_];
    Wanted& w = wanted_[static_cast<size_t>(index)];
    w.stage = Stage::handed;
    out[static_cast<size_t>(count)] = {index, w.slot, pool_->parts(w.slot)};
  }
  handed_ += static_cast<size_t>(count);
  return count;
}

void ExpertStore::release(std::span<const device::ReadyExpert> done) {
  for (const device::ReadyExpert& r : done) {
    wanted_[static_cast<size_t>(r.index)].stage = Stage::done;
    pool_->release(r.slot);
  }
  issue();
}

void ExpertStore::abandon() {
  next_waiting_ = wanted_.size();
  expected_.clear();
  expected_head_ = 0;
  while (queue_->in_flight() > 0) {
    take(std::span(completions_).first(queue_->wait(completions_)));
  }
  for (Wanted& w : wanted_) {
    if (w.stage == Stage::ready || w.stage == Stage::handed) pool_->release(w.slot);
    w.stage = Stage::done;
  }
  next_waiting_ = ready_head_ = 0;
  ready_.clear();
  handed_ = wanted_.size();
}

}  // namespace sluice::runtime
