// Guesses what comes next from what followed the same words earlier in the conversation (prompt lookup, Saxena 2023): costs
// nothing, and is right where text repeats, as edits of code and quotations do.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sluice::runtime {

class PromptLookup {
 public:
  static constexpr size_t kWords = 3;  // tokens that must be the same; fewer repeat by chance

  // Remembers up to `capacity` tokens; nothing is allocated later.
  explicit PromptLookup(int64_t capacity);

  // REQUIRES: fewer than `capacity` tokens so far.
  void push(int32_t token);
  void clear();

  // Fills `out` with the tokens that followed the last earlier occurrence of the last kWords tokens; a repetition that
  // reaches the end goes on in circles. Returns how many: all of `out`, or none.
  size_t guess(std::span<int32_t> out) const;

  std::span<const int32_t> tokens() const { return tokens_; }

 private:
  size_t place(size_t end) const;  // in `ends_`, of the kWords tokens that end before `end`

  std::vector<int32_t> tokens_;
  std::vector<int32_t> ends_;   // by hash of kWords tokens: where their last occurrence ends; 0: none
  size_t match_ = 0;            // end of the earlier occurrence of the last kWords tokens; 0: none
};

}  // namespace sluice::runtime
