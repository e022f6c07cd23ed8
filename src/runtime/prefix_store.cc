#include "runtime/prefix_store.h"

#include <algorithm>

namespace sluice::runtime {
namespace {

uint64_t own_bytes(const Snapshot& s) { return s.states.size() + s.logits.size(); }

}  // namespace

std::shared_ptr<const Snapshot> PrefixStore::longest(std::span<const int32_t> prompt) {
  auto best = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    const bool longer = best == entries_.end() || (*at)->tokens.size() > (*best)->tokens.size();
    if (longer && (*at)->begins(prompt)) best = at;
  }
  if (best == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, best);
  return entries_.front();
}

std::shared_ptr<const Snapshot> PrefixStore::find(std::span<const int32_t> tokens, bool pending) {
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const auto& s) {
    return s->pending == pending && std::equal(s->tokens.begin(), s->tokens.end(), tokens.begin(), tokens.end());
  });
  if (at == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, at);
  return entries_.front();
}

void PrefixStore::remove(Entries::iterator at) {
  bytes_ -= own_bytes(**at);
  for (const KvBlock& block : (*at)->blocks) {
    const auto count = blocks_.find(block.get());
    if (--count->second > 0) continue;
    bytes_ -= block->size();
    blocks_.erase(count);
  }
  entries_.erase(at);
}

bool PrefixStore::make_room(uint64_t bytes) {
  if (bytes > limit_) return false;
  for (auto at = entries_.end(); at != entries_.begin() && bytes_ + bytes > limit_;) {
    --at;
    if (at->use_count() > 1) continue;  // being written or built upon
    const auto gone = at++;
    remove(gone);
  }
  return bytes_ + bytes <= limit_;
}

void PrefixStore::put(std::shared_ptr<const Snapshot> snapshot) {
  const auto equal = std::find_if(entries_.begin(), entries_.end(), [&](const auto& s) {
    return s->pending == snapshot->pending && s->tokens == snapshot->tokens;
  });
  if (equal != entries_.end()) remove(equal);
  bytes_ += own_bytes(*snapshot);
  for (const KvBlock& block : snapshot->blocks) {
    if (++blocks_[block.get()] == 1) bytes_ += block->size();
  }
  entries_.push_front(std::move(snapshot));
}

}  // namespace sluice::runtime
