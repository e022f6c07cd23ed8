// Numbers between bounds, digit by digit.
#include <algorithm>
#include <string>

#include "text/grammar/json_pieces.h"

namespace sluice::text {
namespace {

NodeId digit_between(Grammar& g, char least, char most) { return g.bytes(ByteSet::range(least, most)); }

NodeId digits(Grammar& g, size_t count) {
  const auto n = static_cast<int32_t>(count);
  return g.repeat(digit_between(g, '0', '9'), n, n);
}

// Digit strings of one length from `least` to `most`.
NodeId same_length(Grammar& g, std::string_view least, std::string_view most) {
  if (least.empty()) return g.empty();
  const size_t rest = least.size() - 1;
  const std::string zeros(rest, '0'), nines(rest, '9');
  if (least[0] == most[0]) {
    return g.sequence({digit_between(g, least[0], least[0]), same_length(g, least.substr(1), most.substr(1))});
  }
  std::vector<NodeId> ways;
  char from = least[0], to = most[0];
  if (least.substr(1) != zeros) {
    ways.push_back(g.sequence({digit_between(g, from, from), same_length(g, least.substr(1), nines)}));
    ++from;
  }
  if (most.substr(1) != nines) {
    ways.push_back(g.sequence({digit_between(g, to, to), same_length(g, zeros, most.substr(1))}));
    --to;
  }
  if (from <= to) ways.push_back(g.sequence({digit_between(g, from, to), digits(g, rest)}));
  return g.choice(ways);
}

// REQUIRES: 0 <= least <= most.
NodeId natural_between(Grammar& g, uint64_t least, uint64_t most) {
  const std::string from = std::to_string(least), to = std::to_string(most);
  std::vector<NodeId> ways;
  for (size_t size = from.size(); size <= to.size(); ++size) {
    const std::string low = size == from.size() ? from : '1' + std::string(size - 1, '0');
    const std::string high = size == to.size() ? to : std::string(size, '9');
    ways.push_back(same_length(g, low, high));
  }
  return g.choice(ways);
}

uint64_t magnitude(int64_t value) { return value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value); }

// Whole parts `from`..`to` of one sign, each with any fraction or none. Values at the far end, |x| = to + 1 exactly, are
// added by the caller.
NodeId with_fraction(Grammar& g, uint64_t from, uint64_t to) {
  const NodeId fraction = g.sequence({g.literal("."), g.repeat(digit_between(g, '0', '9'), 1, 16)});
  return g.sequence({natural_between(g, from, to), g.optional(fraction)});
}

// Exactly `value`, perhaps with zeros behind the point.
NodeId exactly(Grammar& g, uint64_t value) {
  const NodeId zeros = g.sequence({g.literal("."), g.repeat(g.literal("0"), 1, 16)});
  return g.sequence({g.literal(std::to_string(value)), g.optional(zeros)});
}

// Above `value`, below value + 1.
NodeId just_above(Grammar& g, uint64_t value) {
  const NodeId nonzero = g.sequence({g.repeat(g.literal("0"), 0, 7), digit_between(g, '1', '9'), g.repeat(digit_between(g, '0', '9'), 0, 8)});
  return g.sequence({g.literal(std::to_string(value) + "."), nonzero});
}

// Magnitudes from `near` to `far`.
NodeId magnitudes(Grammar& g, uint64_t near, bool open_near, uint64_t far, bool open_far) {
  std::vector<NodeId> ways;
  if (near < far) {
    ways.push_back(open_near ? just_above(g, near) : with_fraction(g, near, near));
    if (near + 1 < far) ways.push_back(with_fraction(g, near + 1, far - 1));
  }
  if (near == far ? !open_near && !open_far : near < far && !open_far) ways.push_back(exactly(g, far));
  return g.choice(ways);
}

}  // namespace

NodeId integers_between(Grammar& g, int64_t least, int64_t most) {
  std::vector<NodeId> ways;
  if (least < 0 && least <= most) {
    const NodeId below = natural_between(g, magnitude(std::min<int64_t>(most, -1)), magnitude(least));
    ways.push_back(g.sequence({g.literal("-"), below}));
  }
  if (most >= 0 && least <= most) {
    ways.push_back(natural_between(g, magnitude(std::max<int64_t>(least, 0)), magnitude(most)));
  }
  return g.choice(ways);
}

NodeId decimals_between(Grammar& g, const NumberRange& range) {
  const int64_t least = range.least.value_or(-kMostInteger), most = range.most.value_or(kMostInteger);
  std::vector<NodeId> ways;
  if (least < 0 && least <= most) {
    const bool to_zero = most >= 0;  // zero itself belongs to the other half
    ways.push_back(g.sequence({g.literal("-"), magnitudes(g, to_zero ? 0 : magnitude(most), to_zero || range.open_most, magnitude(least), range.open_least)}));
  }
  if (most >= 0 && least <= most) {
    const bool from_zero = least < 0;
    ways.push_back(magnitudes(g, from_zero ? 0 : magnitude(least), !from_zero && range.open_least, magnitude(most), range.open_most));
  }
  return g.choice(ways);
}

}  // namespace sluice::text
