#include "text/grammar/characters.h"

#include <algorithm>
#include <string>

#include "text/utf8.h"

namespace sluice::text {
namespace {

using Range = Characters::Range;

std::string encoded(uint32_t code_point) {
  std::string out;
  append_utf8(static_cast<char32_t>(code_point), out);
  return out;
}

// Collects, for ranges of code points, the sequences of byte ranges that spell exactly them.
class Utf8Splitter {
 public:
  explicit Utf8Splitter(Grammar& grammar) : grammar_(grammar) {}

  void add(uint32_t least, uint32_t most) {
    for (uint32_t border : {0x7fu, 0x7ffu, 0xffffu}) {
      if (least > border || most <= border) continue;
      split(least, border);
      least = border + 1;
    }
    split(least, most);
  }

  NodeId node() {
    if (!single_.empty()) ways_.push_back(grammar_.bytes(single_));
    return grammar_.choice(ways_);
  }

 private:
  // Both ends have the same length. Cut until every byte is a range of its own.
  void split(uint32_t least, uint32_t most) {
    if (most < 0x80) {
      single_ = single_.with(ByteSet::range(static_cast<int>(least), static_cast<int>(most)));
      return;
    }
    for (uint32_t i = 1; i <= 3; ++i) {
      const uint32_t mask = (1u << (6 * i)) - 1;
      if ((least & ~mask) == (most & ~mask)) continue;
      if ((least & mask) != 0) return cut(least, least | mask, most);
      if ((most & mask) != mask) return cut(least, (most & ~mask) - 1, most);
    }
    const std::string from = encoded(least), to = encoded(most);
    std::vector<NodeId> parts;
    for (size_t i = 0; i < from.size(); ++i) {
      parts.push_back(grammar_.bytes(ByteSet::range(static_cast<uint8_t>(from[i]), static_cast<uint8_t>(to[i]))));
    }
    ways_.push_back(grammar_.sequence(parts));
  }
  void cut(uint32_t least, uint32_t middle, uint32_t most) {
    split(least, middle);
    split(middle + 1, most);
  }

  Grammar& grammar_;
  ByteSet single_;
  std::vector<NodeId> ways_;
};

std::string json_escape(uint32_t c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    default:
      return std::string("\\u00") + "0123456789abcdef"[c >> 4] + "0123456789abcdef"[c & 15];
  }
}

bool needs_escape(uint32_t c, Spelling spelling) {
  return c < 0x20 || c == '"' || c == '\\' || (c == '<' && spelling == Spelling::tagged_json);
}

}  // namespace

Characters Characters::all() {
  Characters out;
  out.add(0, kLast);
  return out;
}

std::vector<Range> Characters::sorted() const {
  std::vector<Range> in = ranges_, out;
  std::sort(in.begin(), in.end(), [](const Range& a, const Range& b) { return a.least < b.least; });
  for (Range each : in) {
    each.most = std::min(each.most, kLast);
    if (!out.empty() && each.least <= out.back().most + 1) {
      out.back().most = std::max(out.back().most, each.most);
    } else if (each.least <= each.most) {
      out.push_back(each);
    }
  }
  std::vector<Range> valid;
  for (const Range& each : out) {
    if (each.least < 0xd800) valid.push_back({each.least, std::min(each.most, 0xd7ffu)});
    if (each.most > 0xdfff) valid.push_back({std::max(each.least, 0xe000u), each.most});
  }
  return valid;
}

Characters Characters::complement() const {
  Characters out;
  uint32_t from = 0;
  for (const Range& each : sorted()) {
    if (each.least > from) out.add(from, each.least - 1);
    from = each.most + 1;
  }
  if (from <= kLast) out.add(from, kLast);
  return out;
}

Characters Characters::without(const Characters& other) const {
  Characters out = complement();
  out.add(other);
  return out.complement();
}

bool Characters::has(uint32_t c) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [c](const Range& r) { return r.least <= c && c <= r.most; });
}

NodeId one_of(Grammar& grammar, const Characters& set, Spelling spelling) {
  Utf8Splitter plain(grammar);
  std::vector<NodeId> ways;
  Characters escaped;
  if (spelling == Spelling::tagged) escaped.add('<', '<');
  if (spelling == Spelling::json || spelling == Spelling::tagged_json) {
    for (uint32_t c = 0; c < 0x80; ++c) {
      if (!needs_escape(c, spelling)) continue;
      escaped.add(c, c);
      if (set.has(c)) ways.push_back(grammar.literal(json_escape(c)));
    }
  }
  for (const Range& each : set.without(escaped).sorted()) plain.add(each.least, each.most);
  ways.push_back(plain.node());
  return grammar.choice(ways);
}

}  // namespace sluice::text
