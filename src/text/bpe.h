// Byte-pair encoding of one piece: start with a token per byte, then merge the adjacent pair of lowest rank, leftmost
// first, until no merge applies.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/merge_table.h"
#include "text/token_table.h"

namespace sluice::text {

// Working memory that pieces of one call share. One thread.
struct BpeScratch {
  struct Node {
    int32_t id;
    int32_t previous, next;  // -1: none; a dead node has id -1
    Merge merge;             // with the next node
  };
  std::vector<Node> nodes;
  std::vector<uint64_t> queue;  // rank << 32 | node, smallest first
};

// Any number of threads may encode at once.
class Bpe {
 public:
  // `merges` as in Vocabulary. Error: corrupt, when a byte has no token, or a merge is malformed, repeated, or names a
  // token that the table does not know.
  static Result<Bpe> create(TokenTable tokens, const std::vector<std::string>& merges);

  const TokenTable& tokens() const { return tokens_; }

  // Appends the ids of `piece`. O(n log n). REQUIRES: 0 < piece.size() < 2^31.
  void encode(std::string_view piece, BpeScratch& scratch, std::vector<int32_t>& ids) const;

  // The same by merging alone, through the queue however short the piece: for the test that compares.
  void encode_queued(std::string_view piece, BpeScratch& scratch, std::vector<int32_t>& ids) const;

 private:
  // What is known of a token as a piece of its own: whether merging its bytes ends in itself. Found out on first use,
  // as most pieces of real text are one token.
  enum Whole : uint8_t { unknown, stays_whole, falls_apart };

  void encode_short(std::string_view piece, std::vector<int32_t>& ids) const;
  void join(BpeScratch& scratch, uint32_t left) const;
  void link(BpeScratch& scratch, int32_t left, bool queued) const;

  TokenTable tokens_;
  MergeTable merges_;
  int32_t of_byte_[256] = {};
  std::unique_ptr<std::atomic<uint8_t>[]> whole_;  // by id; each entry is a fact, so relaxed order is enough
};

}  // namespace sluice::text
