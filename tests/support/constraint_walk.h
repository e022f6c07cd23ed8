// A small vocabulary for grammars, and ways through a constraint: any text it lets through, or one that is given.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "support/tokenizers.h"
#include "text/grammar/constraints.h"

namespace sluice::test {

// The bytes, words that cross the borders of JSON's parts, and control tokens: <|stop|>, <|pad|>, <tool_call>, </tool_call>.
struct WalkVocabulary {
  WalkVocabulary() {
    text::Vocabulary v = byte_vocabulary({"\", \"", "\": ", "\":", "\"}", "{\"", "\"]", "]}", "}}", "true", "false", "null", "None", "name", "city",
                                          "  ", "\n</", "parameter", "></", "function", "=get", "the", "123", "0.", "\\u00", "\xc3\xa9", "\xe4\xbd\xa0", "hello", "or"});
    auto next = static_cast<int32_t>(v.tokens.size());
    stop = next;
    pad = next + 1;
    for (const char* text : {"<|stop|>", "<|pad|>", "<tool_call>", "</tool_call>"}) v.added.push_back({next++, text, text[1] == '|'});
    tokenizer = must_create(std::move(v));
    const int32_t stops[] = {stop};
    trie = std::move(text::make_token_trie(*tokenizer, stops)).value();
  }
  std::unique_ptr<const text::Tokenizer> tokenizer;
  std::shared_ptr<const text::TokenTrie> trie;
  int32_t stop = 0, pad = 0;
};

inline const WalkVocabulary& walk_vocabulary() {
  static const WalkVocabulary vocabulary;
  return vocabulary;
}

using Compiled = Result<std::shared_ptr<text::CompiledGrammar>>;

// Random allowed tokens until the end; the text. Long ways end because `most` tokens are all there are.
inline std::string random_text(text::CompiledGrammar& grammar, std::mt19937& random, int64_t most) {
  const WalkVocabulary& v = walk_vocabulary();
  const auto constraint = grammar.constraint();
  std::vector<uint64_t> bits((static_cast<size_t>(v.tokenizer->size()) + 63) / 64);
  std::string out;
  for (int64_t left = most; left > 0; --left) {
    const Status status = constraint->allowed(bits, left);
    EXPECT_TRUE(status.ok()) << status.error().message << " after " << out;
    if (!status.ok()) return out;
    std::vector<int32_t> ids;
    for (int32_t id = 0; id < v.tokenizer->size(); ++id) {
      if (text::has_bit(bits, id)) ids.push_back(id);
    }
    const int32_t id = ids[random() % ids.size()];
    const Status taken = constraint->accept(id);
    EXPECT_TRUE(taken.ok()) << taken.error().message << " after " << out;
    if (!taken.ok() || id == v.stop) return out;
    out += v.tokenizer->bytes(id);
  }
  ADD_FAILURE() << "no end after " << most << " tokens: " << out;
  return out;
}

// Whether the text may be all of an answer, by its tokens (if `whole_tokens`) or byte by byte.
inline bool accepts(text::CompiledGrammar& grammar, const std::string& text, bool whole_tokens = false) {
  const WalkVocabulary& v = walk_vocabulary();
  const auto constraint = grammar.constraint();
  std::vector<int32_t> ids;
  if (whole_tokens) {
    ids = ids_of(*v.tokenizer, text, true);
  } else {
    for (char c : text) ids.push_back(static_cast<uint8_t>(c));
  }
  ids.push_back(v.stop);
  std::vector<uint64_t> bits((static_cast<size_t>(v.tokenizer->size()) + 63) / 64);
  for (int32_t id : ids) {
    const bool allowed = constraint->allowed(bits, 1'000'000).ok() && text::has_bit(bits, id);
    EXPECT_EQ(constraint->accept(id).ok(), allowed) << "mask and automaton disagree on token " << id << " of " << text;
    if (!allowed) return false;
  }
  return true;
}

}  // namespace sluice::test
