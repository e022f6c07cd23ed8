// JSON from outside as a plain tree, with limits on depth and size, repeated keys refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sluice/status.h"

namespace sluice::store {

struct JsonMember;

struct Json {
  using Array = std::vector<Json>;
  using Object = std::vector<JsonMember>;  // in the text's order

  // An unsigned integer past int64 is a double.
  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> value;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
  const Json* member(std::string_view key) const;  // nullptr: not an object, or no such key
};

struct JsonMember {
  std::string name;
  Json value;
};

inline constexpr int kMaxJsonDepth = 32;
inline constexpr uint64_t kMaxJsonValues = 8'000'000;

// `where` stands in front of errors: "model/config.json". Errors: corrupt, "WHERE: byte N: what".
Result<Json> parse_json(std::string_view text, std::string_view where);

}  // namespace sluice::store
