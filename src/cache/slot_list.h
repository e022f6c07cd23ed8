// Doubly linked lists of slot numbers over one shared array of links: a slot is in at most one of the lists that share
// the links. Nothing allocates after SlotLinks is made. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::cache {

inline constexpr int32_t kNoSlot = -1;

struct SlotLinks {
  explicit SlotLinks(int32_t slots)
      : older(static_cast<size_t>(slots), kNoSlot), newer(static_cast<size_t>(slots), kNoSlot) {}

  std::vector<int32_t> older;
  std::vector<int32_t> newer;
};

// Ordered from newest to oldest.
class SlotList {
 public:
  // REQUIRES: links outlives the list.
  explicit SlotList(SlotLinks& links) : links_(links) {}

  int32_t size() const { return size_; }
  int32_t oldest() const { return oldest_; }                                    // kNoSlot: empty
  int32_t newer_than(int32_t slot) const { return links_.newer[index(slot)]; }  // kNoSlot: slot is the newest

  // REQUIRES: slot is in no list of these links.
  void push_newest(int32_t slot) {
    links_.older[index(slot)] = newest_;
    links_.newer[index(slot)] = kNoSlot;
    (newest_ == kNoSlot ? oldest_ : links_.newer[index(newest_)]) = slot;
    newest_ = slot;
    ++size_;
  }

  // REQUIRES: slot is in this list.
  void remove(int32_t slot) {
    const int32_t older = links_.older[index(slot)];
    const int32_t newer = links_.newer[index(slot)];
    (older == kNoSlot ? oldest_ : links_.newer[index(older)]) = newer;
    (newer == kNoSlot ? newest_ : links_.older[index(newer)]) = older;
    --size_;
  }

 private:
  static size_t index(int32_t slot) { return static_cast<size_t>(slot); }

  SlotLinks& links_;
  int32_t newest_ = kNoSlot;
  int32_t oldest_ = kNoSlot;
  int32_t size_ = 0;
};

}  // namespace sluice::cache
