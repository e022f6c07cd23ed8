// Finds the literal texts of added tokens inside markup.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/vocabulary.h"

namespace sluice::text {

// Immutable once created.
class AddedTokens {
 public:
  struct Match {
    size_t begin, size;  // bytes
    int32_t id;
  };

  // Error: corrupt, when a text is empty or belongs to two ids; unsupported, when it is too long.
  static Result<AddedTokens> create(std::vector<AddedToken> tokens);

  // The first place at or after `from` where a token's text begins, and there the longest one; nullopt: none.
  std::optional<Match> find(std::string_view text, size_t from) const;

  // The id of exactly this text.
  std::optional<int32_t> id_of(std::string_view text) const;

 private:
  std::optional<Match> longest_at(std::string_view text, size_t begin) const;

  std::vector<AddedToken> tokens_;  // by text
  std::array<bool, 256> begins_{};  // whether any text begins with this byte
};

}  // namespace sluice::text
