#include "text/bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "support/tokenizers.h"

namespace sluice::text {
namespace {

using testing::ElementsAre;

Bpe must_create(const Vocabulary& vocabulary) {
  TokenTable table(vocabulary.tokens.size());
  std::vector<int32_t> ids;
  std::string bytes;
  for (const std::string& token : vocabulary.tokens) {
    bytes.clear();
    append_spelled_bytes(token, bytes);
    table.append(bytes);
    ids.push_back(table.size() - 1);
  }
  table.index(ids);
  return std::move(Bpe::create(std::move(table), vocabulary.merges)).value();
}

std::vector<int32_t> encoded(const Bpe& bpe, std::string_view piece) {
  BpeScratch scratch;
  std::vector<int32_t> ids;
  bpe.encode(piece, scratch, ids);
  return ids;
}

TEST(Bpe, LowestRankFirstThenLeftmost) {
  Vocabulary v = test::byte_vocabulary();
  v.tokens.insert(v.tokens.end(), {"bc", "ab", "aa", "aaa"});
  v.merges = {"b c", "a b", "a a", "aa a"};
  const Bpe bpe = must_create(v);
  EXPECT_THAT(encoded(bpe, "abc"), ElementsAre('a', 256));
  EXPECT_THAT(encoded(bpe, "aaaaa"), ElementsAre(258, 259));
}

// A token that its own bytes never merge into must not come out when the piece is exactly that token.
TEST(Bpe, AnUnreachableTokenIsNotProduced) {
  Vocabulary v = test::byte_vocabulary();
  v.tokens.insert(v.tokens.end(), {"ab", "abc"});
  v.merges = {"a b"};
  const Bpe bpe = must_create(v);
  for (int round = 0; round < 2; ++round) EXPECT_THAT(encoded(bpe, "abc"), ElementsAre(256, 'c'));
}

// Three ways to the same ids: the short scan, the queue, and the definition spelled out.
TEST(Bpe, ShortScanEqualsQueueEqualsDefinition) {
  Vocabulary v = test::byte_vocabulary();
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    const auto pick = [&] {
      const size_t i = random() % (v.tokens.size() - 256 + 3);
      return i < 3 ? std::string(1, static_cast<char>('a' + i)) : v.tokens[256 + i - 3];
    };
    const std::string left = pick(), right = pick();
    if (left.size() + right.size() > 40) continue;
    const std::string merge = left + " " + right;
    if (std::find(v.merges.begin(), v.merges.end(), merge) != v.merges.end()) continue;
    v.merges.push_back(merge);
    if (std::find(v.tokens.begin(), v.tokens.end(), left + right) == v.tokens.end()) v.tokens.push_back(left + right);
  }
  const Bpe bpe = must_create(v);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> parts;
    std::string piece;
    for (size_t i = 0, size = 1 + random() % 60; i < size; ++i) piece += static_cast<char>('a' + random() % 3);
    for (const char c : piece) parts.emplace_back(1, c);
    for (bool merged = true; merged;) {
      merged = false;
      size_t best = 0, best_rank = v.merges.size();
      for (size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto at = std::find(v.merges.begin(), v.merges.end(), parts[i] + " " + parts[i + 1]);
        const auto rank = static_cast<size_t>(at - v.merges.begin());
        if (rank < best_rank) best_rank = rank, best = i, merged = true;
      }
      if (!merged) break;
      parts[best] += parts[best + 1];
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(best) + 1);
    }
    std::vector<int32_t> expected, queued;
    for (const auto& part : parts) expected.push_back(bpe.tokens().find(part));
    BpeScratch scratch;
    bpe.encode_queued(piece, scratch, queued);
    ASSERT_EQ(queued, expected) << piece;
    ASSERT_EQ(encoded(bpe, piece), expected) << piece;
  }
}

}  // namespace
}  // namespace sluice::text
