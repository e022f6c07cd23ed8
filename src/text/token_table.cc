#include "text/token_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::text {
namespace {

uint64_t load(const char* at, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, at, size);
  return word;
}

// The last up to 8 bytes as a number, by loads of fixed size that may overlap: a memcpy of unknown size is a call.
uint64_t tail_of(const char* at, size_t size) {
  const auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>(at[i])); };
  if (size == 8) return load(at, 8);
  if (size >= 4) return load(at, 4) << 32 | load(at + size - 4, 4);
  return size == 0 ? 0 : byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1);
}

// Multiply and fold, eight bytes at a time: tokens are short, so the set-up costs more than the loop.
uint64_t hash_of(std::string_view bytes) {
  constexpr uint64_t odd = 0x9e3779b97f4a7c15u;
  uint64_t hash = bytes.size() * odd;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left > 8; left -= 8, at += 8) {
    hash = (hash ^ load(at, 8)) * odd;
    hash ^= hash >> 29;
  }
  hash = (hash ^ tail_of(at, left)) * odd;
  hash = (hash ^ hash >> 29) * odd;
  return hash ^ hash >> 32;
}

uint32_t tag_of(uint64_t hash) {
  return static_cast<uint32_t>(hash >> 32);
}

}  // namespace

TokenTable::TokenTable(size_t count) : start_{0}, slots_(std::bit_ceil(2 * count + 2)) {
  start_.reserve(count + 1);
  arena_.reserve(count * 10);
}

void TokenTable::append(std::string_view bytes) {
  arena_ += bytes;
  start_.push_back(static_cast<uint32_t>(arena_.size()));
}

std::string_view TokenTable::bytes(int32_t id) const {
  if (id < 0 || id >= size()) return {};
  const auto i = static_cast<size_t>(id);
  return std::string_view(arena_).substr(start_[i], start_[i + 1] - start_[i]);
}

size_t TokenTable::locate(std::string_view bytes, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  const uint32_t tag = tag_of(hash);
  size_t i = hash & mask;
  while (slots_[i].id != absent && !(slots_[i].tag == tag && this->bytes(slots_[i].id) == bytes)) i = (i + 1) & mask;
  return i;
}

int32_t TokenTable::index(std::span<const int32_t> ids) {
  // Inserting reads megabytes at random: start those reads a batch at a time.
  constexpr size_t batch = 32;
  uint64_t hashes[batch];
  for (size_t first = 0; first < ids.size(); first += batch) {
    const auto part = ids.subspan(first, std::min(batch, ids.size() - first));
    for (size_t i = 0; i < part.size(); ++i) hashes[i] = announce(bytes(part[i]));
    for (size_t i = 0; i < part.size(); ++i) {
      Slot& slot = slots_[locate(bytes(part[i]), hashes[i])];
      if (slot.id != absent) return part[i];
      slot = {tag_of(hashes[i]), part[i]};
    }
  }
  return absent;
}

uint64_t TokenTable::announce(std::string_view bytes) const {
  const uint64_t hash = hash_of(bytes);
  __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  return hash;
}

int32_t TokenTable::find(std::string_view bytes) const {
  return find(bytes, hash_of(bytes));
}

int32_t TokenTable::find(std::string_view bytes, uint64_t hash) const {
  return slots_[locate(bytes, hash)].id;
}

}  // namespace sluice::text
