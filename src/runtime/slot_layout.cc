#include "runtime/slot_layout.h"

#include <algorithm>
#include <cmath>

#include "base/arena.h"
#include "io/direct.h"
#include "store/load.h"

namespace sluice::runtime {
namespace {

constexpr uint64_t kMostGap = 64;           // bytes between two parts that are still read together
constexpr uint64_t kSlotAlignment = 4096;
// Sizes this close share a class: 1/16 of a slot wasted at most, against a pool split for a few bytes.
constexpr uint64_t kCloseness = 16;

bool follows(const store::Extent& read, const store::Extent& part) {
  const uint64_t end = read.offset + read.bytes;
  return part.file == read.file && part.offset >= end && part.offset - end < kMostGap;
}

void number(SlotPlan& plan) {
  plan.slots = 0;
  plan.bytes = 0;
  for (SlotClass& c : plan.classes) {
    c.first_slot = plan.slots;
    c.offset = plan.bytes;
    plan.slots += c.slots;
    plan.bytes += static_cast<uint64_t>(c.slots) * c.slot_bytes;
  }
}

}  // namespace

RecordReads record_reads(const model::ExpertLayer& layer, int32_t expert, uint64_t alignment) {
  RecordReads out;
  const auto parts = layer.expert(expert);
  for (size_t p = 0; p < parts.size(); ++p) {
    RecordRead* last = out.count > 0 ? &out.reads[static_cast<size_t>(out.count - 1)] : nullptr;
    if (last != nullptr && follows(last->extent, parts[p])) {
      last->extent.bytes = parts[p].offset + parts[p].bytes - last->extent.offset;
      ++last->parts;
    } else {
      out.reads[static_cast<size_t>(out.count++)] = {parts[p], static_cast<int32_t>(p), 1, 0};
    }
  }
  const uint64_t room_alignment = std::max(alignment, store::kPartAlignment);
  for (int32_t i = 0; i < out.count; ++i) {
    RecordRead& read = out.reads[static_cast<size_t>(i)];
    const io::DirectSpan span = io::direct_span(read.extent.offset, read.extent.bytes, alignment);
    read.at = out.slot_bytes + span.head;
    out.slot_bytes += align_up(span.bytes, room_alignment);
  }
  return out;
}

uint64_t slot_bytes(const model::ExpertLayer& layer, uint64_t alignment) {
  uint64_t most = 0;
  for (int32_t e = 0; e < layer.count; ++e) most = std::max(most, record_reads(layer, e, alignment).slot_bytes);
  return align_up(std::max<uint64_t>(most, 1), kSlotAlignment);
}

uint64_t SlotPlan::largest() const {
  uint64_t most = 0;
  for (const SlotClass& c : classes) most = std::max(most, c.slot_bytes);
  return most;
}

SlotPlan plan_slots(const model::Plan& plan, uint64_t alignment, int32_t least_per_layer, double share, int32_t least) {
  SlotPlan out;
  out.alignment = alignment;
  std::vector<uint64_t> sizes;
  for (const model::ExpertLayer& layer : plan.expert_layers) sizes.push_back(slot_bytes(layer, alignment));
  std::vector<uint64_t> order = sizes;
  std::sort(order.rbegin(), order.rend());
  for (const uint64_t size : order) {  // largest first
    if (out.classes.empty() || size < out.classes.back().slot_bytes - out.classes.back().slot_bytes / kCloseness) {
      out.classes.push_back({size, 0, 0, 0, 0});
    }
    ++out.classes.back().layers;
  }
  for (const uint64_t size : sizes) {
    size_t c = out.classes.size() - 1;
    while (c > 0 && out.classes[c].slot_bytes < size) --c;
    out.class_of.push_back(static_cast<int32_t>(c));
  }
  for (SlotClass& c : out.classes) {
    const double all = static_cast<double>(c.layers) * plan.experts;
    const double floor = std::min(std::max<double>(least, static_cast<double>(least_per_layer) * c.layers), all);
    c.slots = static_cast<int32_t>(std::clamp(std::floor(share * all), floor, all));
  }
  number(out);
  return out;
}

SlotPlan plan_slots_in(const model::Plan& plan, uint64_t alignment, uint64_t bytes) {
  const uint64_t all = plan_slots(plan, alignment, 0, 1.0).bytes;
  const double share = all > 0 ? static_cast<double>(bytes) / static_cast<double>(all) : 1.0;
  SlotPlan out = plan_slots(plan, alignment, plan.top_k, std::min(share, 1.0));
  // What rounding down left over.
  for (SlotClass& c : out.classes) {
    const uint64_t left = bytes > out.bytes ? bytes - out.bytes : 0;
    const auto more = static_cast<int32_t>(std::min<uint64_t>(left / c.slot_bytes, static_cast<uint64_t>(c.layers * plan.experts - c.slots)));
    c.slots += more;
    out.bytes += static_cast<uint64_t>(more) * c.slot_bytes;
  }
  number(out);
  return out;
}

}  // namespace sluice::runtime
