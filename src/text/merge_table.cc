#include "text/merge_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "text/byte_map.h"
#include "text/quote.h"

namespace sluice::text {
namespace {

Error bad_merge(size_t rank, std::string_view merge, std::string_view fault) {
  return Error{Code::corrupt, fmt::format("merge {} {}: {}", rank, quote_text(merge), fault)};
}

// One merge on its way into the table. Looking tokens up and inserting are random reads of megabytes, so merges travel
// in batches, and every stage starts the reads of the next one.
struct Entry {
  std::string bytes;  // of the merged token
  size_t cut;         // bytes of the left one
  uint64_t left_hash, right_hash, merged_hash;
  int32_t left, right, merged;

  std::string_view left_bytes() const { return std::string_view(bytes).substr(0, cut); }
  std::string_view right_bytes() const { return std::string_view(bytes).substr(cut); }
};

Status read_merge(const TokenTable& tokens, std::string_view merge, size_t rank, Entry& entry) {
  const size_t space = merge.find(' ');
  if (space == std::string::npos) return bad_merge(rank, merge, "expected two tokens with a space between them");
  entry.bytes.clear();
  const bool left = append_spelled_bytes(merge.substr(0, space), entry.bytes);
  entry.cut = entry.bytes.size();
  if (!left || !append_spelled_bytes(merge.substr(space + 1), entry.bytes)) {
    return bad_merge(rank, merge, "not in byte-level spelling");
  }
  entry.left_hash = tokens.announce(entry.left_bytes());
  entry.right_hash = tokens.announce(entry.right_bytes());
  entry.merged_hash = tokens.announce(entry.bytes);
  return {};
}

Status find_tokens(const TokenTable& tokens, std::string_view merge, size_t rank, Entry& entry) {
  entry.left = tokens.find(entry.left_bytes(), entry.left_hash);
  entry.right = tokens.find(entry.right_bytes(), entry.right_hash);
  entry.merged = tokens.find(entry.bytes, entry.merged_hash);
  if (entry.left < 0) return bad_merge(rank, merge, "its left token is not in the vocabulary");
  if (entry.right < 0) return bad_merge(rank, merge, "its right token is not in the vocabulary");
  if (entry.merged < 0) return bad_merge(rank, merge, "its result is not in the vocabulary");
  return {};
}

}  // namespace

size_t MergeTable::home(uint64_t key) const {
  const uint64_t hash = (key ^ key >> 29) * 0x9e3779b97f4a7c15u;
  return static_cast<size_t>(hash >> shift_) & (slots_.size() - 1);
}

size_t MergeTable::locate(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  size_t i = home(key);
  while (slots_[i].key != no_key && slots_[i].key != key) i = (i + 1) & mask;
  return i;
}

Merge MergeTable::find(int32_t left, int32_t right) const {
  // A free slot holds the default merge.
  return slots_[locate(key_of(left, right))].merge;
}

Result<MergeTable> MergeTable::create(const TokenTable& tokens, const std::vector<std::string>& merges) {
  MergeTable table;
  const size_t count = std::bit_ceil(2 * merges.size() + 2);
  table.slots_.resize(count);
  table.shift_ = 64 - std::countr_zero(count);
  std::vector<Entry> batch(32);
  for (size_t first = 0; first < merges.size(); first += batch.size()) {
    const size_t size = std::min(batch.size(), merges.size() - first);
    for (size_t i = 0; i < size; ++i) SLUICE_TRY_VOID(read_merge(tokens, merges[first + i], first + i, batch[i]));
    for (size_t i = 0; i < size; ++i) {
      SLUICE_TRY_VOID(find_tokens(tokens, merges[first + i], first + i, batch[i]));
      __builtin_prefetch(&table.slots_[table.home(key_of(batch[i].left, batch[i].right))]);
    }
    for (size_t i = 0; i < size; ++i) {
      const uint64_t key = key_of(batch[i].left, batch[i].right);
      Slot& slot = table.slots_[table.locate(key)];
      if (slot.key != no_key) return bad_merge(first + i, merges[first + i], "listed twice");
      slot = {key, {static_cast<uint32_t>(first + i), batch[i].merged}};
    }
  }
  return table;
}

}  // namespace sluice::text
