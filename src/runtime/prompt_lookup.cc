#include "runtime/prompt_lookup.h"

#include <algorithm>
#include <bit>

namespace sluice::runtime {

PromptLookup::PromptLookup(int64_t capacity) : ends_(std::bit_ceil(2 * static_cast<size_t>(capacity) + 2)) {
  tokens_.reserve(static_cast<size_t>(capacity));
}

void PromptLookup::clear() {
  tokens_.clear();
  std::fill(ends_.begin(), ends_.end(), 0);
  match_ = 0;
}

// A hash that collides forgets the older occurrence; push compares the tokens themselves.
size_t PromptLookup::place(size_t end) const {
  uint64_t h = 0;
  for (size_t i = end - kWords; i < end; ++i) h = (h ^ static_cast<uint32_t>(tokens_[i])) * 0x9e3779b97f4a7c15;
  return static_cast<size_t>(h >> 32) & (ends_.size() - 1);
}

void PromptLookup::push(int32_t token) {
  tokens_.push_back(token);
  match_ = 0;
  const size_t end = tokens_.size();
  if (end < kWords) return;
  int32_t& last = ends_[place(end)];
  const auto before = static_cast<size_t>(last);
  const auto at = [&](size_t e) { return tokens_.begin() + static_cast<std::ptrdiff_t>(e - kWords); };
  if (before > 0 && std::equal(at(end), tokens_.end(), at(before))) match_ = before;
  last = static_cast<int32_t>(end);
}

size_t PromptLookup::guess(std::span<int32_t> out) const {
  if (match_ == 0) return 0;
  const size_t behind = tokens_.size() - match_;
  for (size_t i = 0; i < out.size(); ++i) out[i] = i < behind ? tokens_[match_ + i] : out[i - behind];
  return out.size();
}

}  // namespace sluice::runtime
