#include "text/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace sluice::text {
namespace {

// Up to here scanning a small array beats keeping a queue.
constexpr size_t short_piece = 48;

constexpr int32_t none = -1;

}  // namespace

Result<Bpe> Bpe::create(TokenTable tokens, const std::vector<std::string>& merges) {
  Bpe bpe;
  bpe.tokens_ = std::move(tokens);
  for (int value = 0; value < 256; ++value) {
    const char byte = static_cast<char>(value);
    bpe.of_byte_[value] = bpe.tokens_.find({&byte, 1});
    if (bpe.of_byte_[value] == TokenTable::absent) {
      return Error{Code::corrupt,
                   fmt::format("vocabulary: byte 0x{:02x} has no token; byte-level BPE needs all 256", value)};
    }
  }
  SLUICE_TRY(bpe.merges_, MergeTable::create(bpe.tokens_, merges));
  bpe.whole_ = std::make_unique<std::atomic<uint8_t>[]>(static_cast<size_t>(bpe.tokens_.size()));
  return bpe;
}

void Bpe::encode(std::string_view piece, BpeScratch& scratch, std::vector<int32_t>& ids) const {
  const int32_t id = tokens_.find(piece);
  std::atomic<uint8_t>* whole = id == TokenTable::absent ? nullptr : &whole_[static_cast<size_t>(id)];
  const uint8_t known = whole ? whole->load(std::memory_order_relaxed) : uint8_t{falls_apart};
  if (known == stays_whole) return ids.push_back(id);
  const size_t before = ids.size();
  if (piece.size() <= short_piece) {
    encode_short(piece, ids);
  } else {
    encode_queued(piece, scratch, ids);
  }
  if (known == unknown) {
    whole->store(ids.size() == before + 1 ? stays_whole : falls_apart, std::memory_order_relaxed);
  }
}

void Bpe::encode_short(std::string_view piece, std::vector<int32_t>& ids) const {
  int32_t parts[short_piece];
  Merge merges[short_piece];  // of each part with the next
  size_t count = piece.size();
  for (size_t i = 0; i < count; ++i) parts[i] = of_byte_[static_cast<uint8_t>(piece[i])];
  for (size_t i = 0; i + 1 < count; ++i) merges[i] = merges_.find(parts[i], parts[i + 1]);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (merges[i].rank < merges[best].rank) best = i;
    }
    if (merges[best].rank == Merge::no_rank) break;
    parts[best] = merges[best].id;
    std::copy(parts + best + 2, parts + count, parts + best + 1);
    std::copy(merges + best + 1, merges + count - 1, merges + best);
    --count;
    if (best + 1 < count) merges[best] = merges_.find(parts[best], parts[best + 1]);
    if (best > 0) merges[best - 1] = merges_.find(parts[best - 1], parts[best]);
  }
  ids.insert(ids.end(), parts, parts + count);
}

// Finds the merge of `left` with its successor and puts it into the queue.
void Bpe::link(BpeScratch& scratch, int32_t left, bool queued) const {
  BpeScratch::Node& node = scratch.nodes[static_cast<size_t>(left)];
  node.merge = node.next == none ? Merge() : merges_.find(node.id, scratch.nodes[static_cast<size_t>(node.next)].id);
  if (node.merge.rank == Merge::no_rank) return;
  scratch.queue.push_back(static_cast<uint64_t>(node.merge.rank) << 32 | static_cast<uint32_t>(left));
  if (queued) std::push_heap(scratch.queue.begin(), scratch.queue.end(), std::greater<>());
}

// Merges `left` with its successor, which dies.
void Bpe::join(BpeScratch& scratch, uint32_t left) const {
  BpeScratch::Node& node = scratch.nodes[left];
  BpeScratch::Node& right = scratch.nodes[static_cast<size_t>(node.next)];
  node.id = node.merge.id;
  node.next = right.next;
  right.id = none;
  right.merge = Merge();
  const auto self = static_cast<int32_t>(left);
  if (node.next != none) scratch.nodes[static_cast<size_t>(node.next)].previous = self;
  link(scratch, self, true);
  if (node.previous != none) link(scratch, node.previous, true);
}

void Bpe::encode_queued(std::string_view piece, BpeScratch& scratch, std::vector<int32_t>& ids) const {
  const auto count = static_cast<int32_t>(piece.size());
  scratch.nodes.clear();
  scratch.queue.clear();
  scratch.nodes.reserve(piece.size());
  for (int32_t i = 0; i < count; ++i) {
    const int32_t id = of_byte_[static_cast<uint8_t>(piece[static_cast<size_t>(i)])];
    scratch.nodes.push_back({id, i - 1, i + 1 < count ? i + 1 : none, {}});
  }
  for (int32_t i = 0; i < count; ++i) link(scratch, i, false);
  std::make_heap(scratch.queue.begin(), scratch.queue.end(), std::greater<>());
  while (!scratch.queue.empty()) {
    const uint64_t first = scratch.queue.front();
    std::pop_heap(scratch.queue.begin(), scratch.queue.end(), std::greater<>());
    scratch.queue.pop_back();
    // An entry whose node has since died or met another neighbour is stale: its rank no longer agrees.
    const auto left = static_cast<uint32_t>(first);
    if (scratch.nodes[left].merge.rank == first >> 32) join(scratch, left);
  }
  for (int32_t i = 0; i != none; i = scratch.nodes[static_cast<size_t>(i)].next) {
    ids.push_back(scratch.nodes[static_cast<size_t>(i)].id);
  }
}

}  // namespace sluice::text
