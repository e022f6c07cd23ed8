// Sets of Unicode characters, and the UTF-8 or JSON spellings of one character out of a set.
#pragma once

#include <cstdint>
#include <vector>

#include "text/grammar/grammar.h"

namespace sluice::text {

// Ranges of code points, both ends included; surrogates are never members.
class Characters {
 public:
  struct Range {
    uint32_t least, most;
  };
  static constexpr uint32_t kLast = 0x10ffff;

  static Characters all();
  void add(uint32_t least, uint32_t most) { ranges_.push_back({least, most}); }
  void add(const Characters& other) { ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end()); }
  // In order, without overlaps, without surrogates.
  std::vector<Range> sorted() const;
  Characters complement() const;
  Characters without(const Characters& other) const;
  bool has(uint32_t code_point) const;
  bool empty() const { return sorted().empty(); }

 private:
  std::vector<Range> ranges_;
};

enum class Spelling {
  raw,          // UTF-8
  json,         // as inside a JSON string: what must be escaped is, by its shortest escape
  tagged,       // UTF-8 without '<': text between tags
  tagged_json,  // as json, and '<' is escaped too
};

// One character of the set. An empty set gives a node that nothing matches.
NodeId one_of(Grammar& grammar, const Characters& set, Spelling spelling);

}  // namespace sluice::text
