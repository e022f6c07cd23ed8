// A grammar over bytes as plain data: nodes that refer to each other by number, made bottom up by Grammar's functions;
// rules give recursion. Schemas, GBNF, patterns and tool calls are all compiled to this; checked.h makes it runnable.
//
// Nothing here can fail at once: a builder asked for more than kMostNodes goes on with node 0 and remembers that it
// overflowed, which check() turns into an error. So compilers need no error path for size.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammar/byte_set.h"

namespace sluice::text {

using NodeId = int32_t;
using RuleId = int32_t;

constexpr size_t kMostNodes = 200'000;  // and as many edges times four: bounds on what a hostile schema can make us hold
constexpr int32_t kMostRepeats = 1'000'000;

struct GrammarNode {
  enum class Kind : uint8_t { bytes, sequence, choice, repeat, call };
  Kind kind = Kind::sequence;  // without children: the empty text
  bool free = false;           // bytes: part of text that nothing is asked of (tokens without text are welcome too)
  uint32_t first = 0, count = 0;  // sequence, choice: children in Grammar::children; repeat: its one child
  int32_t least = 0, most = 0;    // repeat; most < 0: no limit
  // bytes: index in Grammar::sets; call: the rule; repeat: the same without least and most, a node that the text never enters
  // (token_masks.h), -1: none
  int32_t target = 0;
};

class Grammar {
 public:
  Grammar();

  NodeId empty() const { return 0; }
  NodeId bytes(const ByteSet& set, bool free = false);
  NodeId literal(std::string_view text);
  NodeId sequence(std::span<const NodeId> parts);
  NodeId choice(std::span<const NodeId> ways);
  NodeId sequence(std::initializer_list<NodeId> parts) { return sequence(std::span(parts.begin(), parts.size())); }
  NodeId choice(std::initializer_list<NodeId> ways) { return choice(std::span(ways.begin(), ways.size())); }
  NodeId optional(NodeId node) { return node == empty() ? node : choice({node, empty()}); }
  // most < 0: no limit. REQUIRES: 0 <= least, and most < 0 or least <= most.
  NodeId repeat(NodeId node, int32_t least, int32_t most);
  NodeId call(RuleId rule);

  // A rule without a body yet; `name` is for errors.
  RuleId declare(std::string name);
  void define(RuleId rule, NodeId body) { rules_[static_cast<size_t>(rule)].body = body; }
  RuleId rule(std::string name, NodeId body);

  struct Rule {
    std::string name;
    NodeId body = -1;  // < 0: declared, not defined
  };
  const std::vector<GrammarNode>& nodes() const { return nodes_; }
  const std::vector<Rule>& rules() const { return rules_; }
  const std::vector<ByteSet>& sets() const { return sets_; }
  std::span<const NodeId> children(const GrammarNode& node) const {
    return std::span(children_).subspan(node.first, node.count);
  }
  bool overflowed() const { return overflowed_; }
  // Takes these nodes out of every choice.
  void drop_ways(const std::vector<bool>& unwanted);

 private:
  NodeId add(GrammarNode node, std::span<const NodeId> children);

  std::vector<GrammarNode> nodes_;
  std::vector<NodeId> children_;
  std::vector<ByteSet> sets_;
  std::map<ByteSet, int32_t> set_ids_;
  std::vector<Rule> rules_;
  bool overflowed_ = false;
};

}  // namespace sluice::text
