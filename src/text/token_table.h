// The bytes of every token: by id, and the way back. One arena, one flat hash table; nothing is allocated per token.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::text {

// Built by one thread with append() and index(), read by any number afterwards.
class TokenTable {
 public:
  static constexpr int32_t absent = -1;

  // Room for `count` tokens; REQUIRES: called once, first, and append() at most `count` times.
  explicit TokenTable(size_t count = 0);

  // Gives the next id these bytes (empty: no such token). The table holds at most 4 GiB; see byte_count().
  void append(std::string_view bytes);
  size_t byte_count() const { return arena_.size(); }

  // Makes find() know these tokens. The first id whose bytes another one already has, or absent. REQUIRES: called once,
  // after all append(); every id has bytes.
  int32_t index(std::span<const int32_t> ids);

  int32_t size() const { return static_cast<int32_t>(start_.size()) - 1; }

  // Empty for unused and for out-of-range ids. Valid as long as the table is.
  std::string_view bytes(int32_t id) const;

  // The id of an indexed token, or absent.
  int32_t find(std::string_view bytes) const;

  // The same in two steps, for a caller with many to look up: announce() starts the memory read and returns the hash
  // that find() takes later.
  uint64_t announce(std::string_view bytes) const;
  int32_t find(std::string_view bytes, uint64_t hash) const;

 private:
  struct Slot {
    uint32_t tag = 0;  // upper half of the hash: saves most comparisons
    int32_t id = absent;
  };
  // The slot that holds `bytes`, or the free one where they belong.
  size_t locate(std::string_view bytes, uint64_t hash) const;

  std::string arena_;
  std::vector<uint32_t> start_;  // of each id's bytes; one more than there are ids
  std::vector<Slot> slots_;      // a power of two, at most half full, linear probing
};

}  // namespace sluice::text
