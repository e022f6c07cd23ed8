// A grammar that is known to be runnable: every rule has a body, none calls itself before it has taken a byte, and the
// whole can end. With what the automaton needs of every node.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sluice/status.h"
#include "text/grammar/grammar.h"

namespace sluice::text {

constexpr int32_t kNever = 1 << 29;     // a measure that nothing reaches
constexpr int32_t kMostDepth = 400;     // cells of a stack (automaton.h); about 60 levels of JSON

struct NodeMeasure {
  int32_t bytes = kNever;  // of the shortest text
  int32_t depth = kNever;  // cells that some text needs on the stack
};

class CheckedGrammar {
 public:
  // Errors: over_budget (too large), invalid (a rule without body, left recursion, nothing that ever ends), each naming
  // the rule.
  static Result<CheckedGrammar> check(Grammar grammar, RuleId root);

  const Grammar& grammar() const { return grammar_; }
  RuleId root() const { return root_; }
  NodeId root_body() const { return body(root_); }
  const GrammarNode& node(NodeId id) const { return grammar_.nodes()[static_cast<size_t>(id)]; }
  const NodeMeasure& measure(NodeId id) const { return measures_[static_cast<size_t>(id)]; }
  // Bytes of the shortest text of a sequence's parts from `part` on.
  int32_t shortest_rest(const GrammarNode& sequence, uint32_t part) const {
    return part < sequence.count ? rests_[sequence.first + part] : 0;
  }
  NodeId child(const GrammarNode& node, uint32_t i) const { return grammar_.children(node)[i]; }
  NodeId body(RuleId rule) const { return grammar_.rules()[static_cast<size_t>(rule)].body; }
  // Bytes that no set tells apart have one class.
  const std::vector<uint8_t>& byte_classes() const { return classes_; }
  int32_t class_count() const { return class_count_; }

 private:
  CheckedGrammar(Grammar grammar, RuleId root) : grammar_(std::move(grammar)), root_(root) {}
  void measure_all();
  void drop_dead_ways();
  Status check_left_recursion() const;
  void classify_bytes();

  Grammar grammar_;
  RuleId root_;
  std::vector<NodeMeasure> measures_;
  std::vector<int32_t> rests_;  // by place in Grammar::children
  std::vector<uint8_t> classes_;
  int32_t class_count_ = 0;
};

}  // namespace sluice::text
