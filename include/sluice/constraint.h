// What an answer may look like, token by token: the seam between generation and grammars (src/text/grammar). Rank 0, as
// sluice/status.h is: every layer may include this header (docs/decisions/0008).
#pragma once

#include <cstdint>
#include <span>

#include "sluice/status.h"

namespace sluice {

// The state of one generation; used by one thread, for one answer.
class Constraint {
 public:
  virtual ~Constraint() = default;

  // Sets the bit of every token that may come next and clears the others: bit `id` of the sequence is bit id % 64 of
  // bits[id / 64]. Tokens that end the turn are set only where the text may end. `tokens_left`: how many the answer may
  // still have, this one and the one that ends it included; where the shortest ending still fits, no token is set that
  // would leave too little room for it. REQUIRES: room for every token the constraint knows. Errors: unsupported (no
  // token of the vocabulary goes on from here), over_budget (too ambiguous to follow).
  virtual Status allowed(std::span<uint64_t> bits, int64_t tokens_left) = 0;

  // Takes the token chosen. Errors: invalid, for one that is not allowed; over_budget.
  virtual Status accept(int32_t token) = 0;

  // True where every token is allowed, so that allowed() need not be asked.
  virtual bool free() const = 0;
};

}  // namespace sluice
