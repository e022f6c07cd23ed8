// Snapshots of many conversations in memory: the longest that a prompt begins with is found, the least recently used go when
// room is wanted. Not thread-safe; a snapshot that somebody else holds stays.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <unordered_map>

#include "runtime/snapshot.h"

namespace sluice::runtime {

class PrefixStore {
 public:
  explicit PrefixStore(uint64_t limit) : limit_(limit) {}

  // The one with the most tokens of those that `prompt` begins with, and marks it as used; null when there is none.
  std::shared_ptr<const Snapshot> longest(std::span<const int32_t> prompt);

  // The one of exactly these tokens, marked as used; null when there is none.
  std::shared_ptr<const Snapshot> find(std::span<const int32_t> tokens, bool pending);

  // Makes room for so many bytes more; false where even then they would not fit: nothing may be put.
  bool make_room(uint64_t bytes);

  // In place of an equal one. REQUIRES: make_room for what it brings.
  void put(std::shared_ptr<const Snapshot> snapshot);

  uint64_t limit() const { return limit_; }
  uint64_t bytes() const { return bytes_; }  // shared blocks counted once
  size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::shared_ptr<const Snapshot>>;  // most recently used first
  void remove(Entries::iterator at);

  const uint64_t limit_;
  uint64_t bytes_ = 0;
  Entries entries_;
  std::unordered_map<const Arena*, int32_t> blocks_;  // how many entries have it
};

}  // namespace sluice::runtime
