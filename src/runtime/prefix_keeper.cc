#include "runtime/prefix_keeper.h"

#include <algorithm>

#include "runtime/engine_parts.h"
#include "runtime/session_feed.h"

namespace sluice::runtime {
namespace {

constexpr size_t kShortPrompt = 32;  // tokens that are read again sooner than a state is saved

// Tokens up to and with the last that ends a message; 0: none.
size_t whole_messages(std::span<const int32_t> prompt, std::span<const int32_t> stop_tokens) {
  for (size_t end = prompt.size(); end > 0; --end) {
    if (std::find(stop_tokens.begin(), stop_tokens.end(), prompt[end - 1]) != stop_tokens.end()) return end;
  }
  return 0;
}

}  // namespace

// A longer one than what is at hand, taken into memory; null when there is none.
std::shared_ptr<const Snapshot> PrefixKeeper::from_disk(std::span<const int32_t> prompt, size_t more_than) {
  if (saved_.folder == nullptr) return nullptr;
  const SnapshotFolder::Found found = saved_.folder->longest(prompt);
  if (found.tokens <= more_than || !saved_.store.make_room(found.memory)) return nullptr;
  auto snapshot = saved_.folder->read(found);
  if (snapshot != nullptr) saved_.store.put(snapshot);
  return snapshot;
}

size_t PrefixKeeper::own(std::span<const int32_t> prompt) const {
  return !s_.broken && goes_on(held_, s_.pending || s_.has_logits, prompt) ? held_.size() : 0;
}

size_t PrefixKeeper::prepare(std::span<const int32_t> prompt) {
  const size_t own = this->own(prompt);
  auto saved = saved_.store.longest(prompt);
  const size_t known = std::max(own, saved == nullptr ? size_t{0} : saved->tokens.size());
  if (auto longer = from_disk(prompt, known)) saved = std::move(longer);
  if (saved != nullptr && saved->tokens.size() > own && restore(s_, *saved).ok()) {
    held_ = saved->tokens;
    parent_ = saved;
    ++saved_.restored;
    return held_.size();
  }
  if (own > 0) return own;
  failed();
  return 0;
}

// As far apart as a state without its keys and values is worth, in whole chunks, which are passes; and all of one prompt's
// together take no more than a quarter of the memory.
size_t PrefixKeeper::interval(size_t tokens) const {
  const SnapshotShape shape = snapshot_shape(s_);
  const uint64_t state = shape.states_bytes(0) + shape.logits_bytes, row = std::max<uint64_t>(1, shape.block_bytes(1));
  const uint64_t many = std::max<uint64_t>(1, saved_.store.limit() / 4 / std::max<uint64_t>(1, state));
  const uint64_t least = std::max({uint64_t{512}, state / row, tokens / many});
  return align_up(least, static_cast<uint64_t>(std::max(s_.engine.memory.chunk, 1)));
}

std::vector<size_t> PrefixKeeper::stops(std::span<const int32_t> prompt, size_t known) {
  std::vector<size_t> out;
  message_ = 0;
  whole_.reset();
  if (saved_.store.limit() == 0 || prompt.size() - known < kShortPrompt) return out;
  const size_t message = whole_messages(prompt, s_.engine.vocabulary.stop_tokens), step = interval(prompt.size() - known);
  for (size_t at = known + step; at + kShortPrompt < prompt.size(); at += step) out.push_back(at);
  if (message >= known + kShortPrompt) out.push_back(message);
  message_ = message >= known + kShortPrompt ? message : prompt.size();
  out.push_back(prompt.size());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void PrefixKeeper::save(std::span<const int32_t> tokens) {
  if (saved_.store.limit() == 0 || !can_save(s_)) return;
  if (auto there = saved_.store.find(tokens, s_.pending.has_value())) {
    parent_ = there;
    if (tokens.size() == message_) whole_ = there;
    return;
  }
  auto parent = parent_.lock();
  if (!saved_.store.make_room(save_bytes(s_, parent.get()))) {
    parent.reset();  // it may be what takes the room
    if (!saved_.store.make_room(save_bytes(s_, nullptr))) return;
  }
  auto saved = runtime::save(s_, tokens, parent.get());
  if (!saved.ok()) return;  // a help for later: that there is no memory for it is no error
  saved_.store.put(*saved);
  parent_ = *saved;
  if (tokens.size() == message_) whole_ = *saved;
  ++saved_.saved;
}

void PrefixKeeper::answered(std::vector<int32_t> tokens) {
  held_ = std::move(tokens);
  save(held_);
  if (saved_.folder == nullptr) return;
  if (auto whole = whole_.lock()) saved_.folder->offer(std::move(whole));
  if (auto answer = saved_.store.find(held_, s_.pending.has_value())) saved_.folder->offer(std::move(answer));
}

void PrefixKeeper::failed() {
  reset(s_);
  held_.clear();
  parent_.reset();
}

}  // namespace sluice::runtime
