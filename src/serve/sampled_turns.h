// What the model really said, turn by turn. A client sends an answer back as its own software writes it: a call's arguments in
// another spelling, spacing or order, other ids, trimmed text. The template then makes other tokens of it than were sampled,
// and what the engine still holds would not match. Where an assistant's turn of a prompt means what was sampled there, the
// sampled tokens are put in its place.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "text/tokenizer.h"
#include "text/tool_call.h"
#include "text/value.h"

namespace sluice::serve {

// Whether two answers say the same: reasoning and content but for outer whitespace, and the same calls in the same order with
// equal JSON values as arguments in any order. `tools` (OpenAI's form, or none) says which arguments are text.
bool same_meaning(const text::ParsedOutput& a, const text::ParsedOutput& b, const text::Value& tools);

// Thread-safe. Keeps the latest turns, so many tokens of them.
class SampledTurns {
 public:
  explicit SampledTurns(size_t most_tokens = size_t{1} << 20) : most_tokens_(most_tokens) {}

  // `answer` was sampled behind `prompt`, which ended inside <think> or not. Nothing is kept of an empty answer.
  void keep(const text::Tokenizer& tokenizer, std::span<const int32_t> stop_tokens, std::span<const int32_t> prompt,
            std::span<const int32_t> answer, bool in_reasoning);

  // The prompt with the sampled tokens for those turns that mean the same and follow exactly the tokens they were sampled
  // behind. A turn ends at the first stop token, which stays the prompt's own.
  std::vector<int32_t> put_back(const text::Tokenizer& tokenizer, std::span<const int32_t> stop_tokens, std::vector<int32_t> prompt,
                                const text::Value& tools) const;

  size_t tokens() const;

 private:
  struct Turn {
    uint64_t key;                  // of the tokens before it
    uint64_t number;               // later ones have higher
    std::vector<int32_t> answer;   // without a stop token at its end
    text::ParsedOutput meaning;
    bool in_reasoning;
  };
  using Turns = std::list<std::shared_ptr<const Turn>>;  // the latest first
  std::vector<std::shared_ptr<const Turn>> behind(uint64_t key) const;  // the latest first
  void remove(Turns::iterator turn);

  const size_t most_tokens_;
  mutable std::mutex mutex_;  // guards what follows; held for moments only
  Turns turns_;
  std::unordered_multimap<uint64_t, std::shared_ptr<const Turn>> by_key_;
  size_t tokens_ = 0;
  uint64_t next_number_ = 0;
};

}  // namespace sluice::serve
