// (left id, right id) -> the merge of the two. A flat hash table: encoding is mostly lookups in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sluice/status.h"
#include "text/token_table.h"

namespace sluice::text {

struct Merge {
  static constexpr uint32_t no_rank = UINT32_MAX;
  uint32_t rank = no_rank;  // lowest merges first
  int32_t id = -1;          // of the merged token
};

// Immutable once created.
class MergeTable {
 public:
  MergeTable() = default;

  // `merges` as in Vocabulary. Error: corrupt, when one is malformed, repeated, or names an unknown token.
  static Result<MergeTable> create(const TokenTable& tokens, const std::vector<std::string>& merges);

  // rank == no_rank when the two do not merge.
  Merge find(int32_t left, int32_t right) const;

 private:
  struct Slot {
    uint64_t key = no_key;
    Merge merge;
  };
  static constexpr uint64_t no_key = UINT64_MAX;

  static uint64_t key_of(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  size_t home(uint64_t key) const;    // where the search for a key starts
  size_t locate(uint64_t key) const;  // its slot, or the free one where it belongs

  std::vector<Slot> slots_ = std::vector<Slot>(1);  // a power of two, at most half full, linear probing
  int shift_ = 63;                                  // 64 - log2(slots), but 63 for the one empty slot
};

}  // namespace sluice::text
