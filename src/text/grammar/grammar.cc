#include "text/grammar/grammar.h"

#include <algorithm>
#include <utility>

namespace sluice::text {

Grammar::Grammar() : nodes_(1) {}

NodeId Grammar::add(GrammarNode node, std::span<const NodeId> children) {
  if (nodes_.size() >= kMostNodes || children_.size() + children.size() > 4 * kMostNodes) {
    overflowed_ = true;
    return empty();
  }
  node.first = static_cast<uint32_t>(children_.size());
  node.count = static_cast<uint32_t>(children.size());
  children_.insert(children_.end(), children.begin(), children.end());
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

namespace {
constexpr int32_t kEndlessFrom = 8;  // repeats allowed, from which on it pays to look at a count as endless
}

NodeId Grammar::bytes(const ByteSet& set, bool free) {
  const auto [at, fresh] = set_ids_.try_emplace(set, static_cast<int32_t>(sets_.size()));
  if (fresh) sets_.push_back(set);
  return add({.kind = GrammarNode::Kind::bytes, .free = free, .target = at->second}, {});
}

NodeId Grammar::literal(std::string_view text) {
  std::vector<NodeId> parts;
  for (char c : text) {
    if (overflowed_) break;
    parts.push_back(bytes(ByteSet::of(std::string_view(&c, 1))));
  }
  return sequence(parts);
}

NodeId Grammar::sequence(std::span<const NodeId> parts) {
  std::vector<NodeId> kept;
  for (NodeId part : parts) {
    if (part != empty()) kept.push_back(part);
  }
  if (kept.empty()) return empty();
  if (kept.size() == 1) return kept[0];
  return add({.kind = GrammarNode::Kind::sequence}, kept);
}

NodeId Grammar::choice(std::span<const NodeId> ways) {
  if (ways.size() == 1) return ways[0];
  return add({.kind = GrammarNode::Kind::choice}, ways);
}

NodeId Grammar::repeat(NodeId node, int32_t least, int32_t most) {
  if (node == empty() || most == 0) return empty();
  if (least == 1 && most == 1) return node;
  const auto add_repeat = [&](int32_t from, int32_t to, NodeId endless) {
    return add({.kind = GrammarNode::Kind::repeat, .least = from, .most = to, .target = endless}, std::span(&node, 1));
  };
  return add_repeat(least, most, most >= kEndlessFrom ? add_repeat(0, -1, -1) : -1);
}

NodeId Grammar::call(RuleId rule) { return add({.kind = GrammarNode::Kind::call, .target = rule}, {}); }

void Grammar::drop_ways(const std::vector<bool>& unwanted) {
  for (GrammarNode& node : nodes_) {
    if (node.kind != GrammarNode::Kind::choice) continue;
    const auto ways = std::span(children_).subspan(node.first, node.count);
    const auto kept = std::remove_if(ways.begin(), ways.end(), [&](NodeId way) { return unwanted[static_cast<size_t>(way)]; });
    node.count = static_cast<uint32_t>(kept - ways.begin());
  }
}

RuleId Grammar::declare(std::string name) {
  if (rules_.size() >= kMostNodes) {
    overflowed_ = true;
    return 0;
  }
  rules_.push_back({std::move(name), -1});
  return static_cast<RuleId>(rules_.size() - 1);
}

RuleId Grammar::rule(std::string name, NodeId body) {
  const RuleId id = declare(std::move(name));
  define(id, body);
  return id;
}

}  // namespace sluice::text
