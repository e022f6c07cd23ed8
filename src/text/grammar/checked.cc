#include "text/grammar/checked.h"

#include <algorithm>
#include <map>
#include <queue>
#include <utility>

#include "text/quote.h"

namespace sluice::text {
namespace {

using Kind = GrammarNode::Kind;

int32_t capped(int64_t value) { return static_cast<int32_t>(std::min<int64_t>(value, kNever)); }

// Who waits for whom: for every node the nodes that are made of it.
std::vector<std::vector<NodeId>> parents_of(const Grammar& g) {
  std::vector<std::vector<NodeId>> callers(g.rules().size()), out(g.nodes().size());
  for (size_t id = 0; id < g.nodes().size(); ++id) {
    const GrammarNode& node = g.nodes()[id];
    if (node.kind == Kind::call) callers[static_cast<size_t>(node.target)].push_back(static_cast<NodeId>(id));
    for (NodeId child : g.children(node)) out[static_cast<size_t>(child)].push_back(static_cast<NodeId>(id));
  }
  for (size_t rule = 0; rule < g.rules().size(); ++rule) {
    auto& list = out[static_cast<size_t>(g.rules()[rule].body)];
    list.insert(list.end(), callers[rule].begin(), callers[rule].end());
  }
  return out;
}

// Knuth's generalisation of Dijkstra's algorithm: nodes become final in the order of their measure. `cost` gives a
// node's measure from those of its children once enough of them are final, and never less than any it is made of. So a
// node that needs one child only has the measure that the first one to be final gives it.
template <class Cost>
std::vector<int32_t> least_measures(const Grammar& g, const std::vector<std::vector<NodeId>>& parents, Cost cost) {
  std::vector<int32_t> value(g.nodes().size(), kNever);
  std::vector<uint32_t> missing(g.nodes().size(), 0);  // children that are not final but must be
  using Entry = std::pair<int32_t, NodeId>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  const auto offer = [&](NodeId id) {
    if (const int32_t now = cost(id, value); now < kNever) queue.push({now, id});
  };
  for (size_t i = 0; i < g.nodes().size(); ++i) {
    const GrammarNode& node = g.nodes()[i];
    missing[i] = node.kind == Kind::sequence ? node.count : 1;
    const bool leaf = node.kind == Kind::bytes || (node.kind == Kind::sequence && node.count == 0) ||
                      (node.kind == Kind::repeat && node.least == 0);
    if (leaf) offer(static_cast<NodeId>(i));
  }
  while (!queue.empty()) {
    const auto [now, id] = queue.top();
    queue.pop();
    if (value[static_cast<size_t>(id)] <= now) continue;
    value[static_cast<size_t>(id)] = now;
    for (NodeId parent : parents[static_cast<size_t>(id)]) {
      uint32_t& left = missing[static_cast<size_t>(parent)];
      if (left > 0 && --left == 0) offer(parent);
    }
  }
  return value;
}

int32_t byte_cost(const Grammar& g, NodeId id, const std::vector<int32_t>& value) {
  const GrammarNode& node = g.nodes()[static_cast<size_t>(id)];
  const auto of = [&](NodeId child) { return static_cast<int64_t>(value[static_cast<size_t>(child)]); };
  int64_t out = 0;
  switch (node.kind) {
    case Kind::bytes:
      return g.sets()[static_cast<size_t>(node.target)].empty() ? kNever : 1;
    case Kind::sequence:
      for (NodeId child : g.children(node)) out = capped(out + of(child));
      return capped(out);
    case Kind::choice:
      out = kNever;
      for (NodeId child : g.children(node)) out = std::min(out, of(child));
      return capped(out);
    case Kind::repeat:
      return node.least == 0 ? 0 : capped(std::min<int64_t>(kNever - 1, of(g.children(node)[0]) * node.least));
    case Kind::call:
      return capped(of(g.rules()[static_cast<size_t>(node.target)].body));
  }
  return kNever;
}

// Every frame that a node may leave below its parts counts, also where the automaton saves it.
int32_t depth_cost(const Grammar& g, NodeId id, const std::vector<int32_t>& value) {
  const GrammarNode& node = g.nodes()[static_cast<size_t>(id)];
  const auto of = [&](NodeId child) { return static_cast<int64_t>(value[static_cast<size_t>(child)]); };
  int64_t out = 0;
  switch (node.kind) {
    case Kind::bytes:
      return g.sets()[static_cast<size_t>(node.target)].empty() ? kNever : 1;
    case Kind::sequence:
      for (uint32_t i = 0; i < node.count; ++i) out = std::max(out, of(g.children(node)[i]) + (i + 1 < node.count));
      return capped(out);
    case Kind::choice:
      out = kNever;
      for (NodeId child : g.children(node)) out = std::min(out, of(child));
      return capped(out);
    case Kind::repeat:
      return node.least == 0 ? 0 : capped(of(g.children(node)[0]) + 1);
    case Kind::call:
      return capped(of(g.rules()[static_cast<size_t>(node.target)].body) + 1);
  }
  return kNever;
}

// What may be entered before a byte is taken: the children up to the first that takes one.
std::vector<NodeId> left_children(const Grammar& g, const GrammarNode& node, const std::vector<NodeMeasure>& measures) {
  if (node.kind == Kind::call) return {g.rules()[static_cast<size_t>(node.target)].body};
  std::vector<NodeId> out;
  for (NodeId child : g.children(node)) {
    out.push_back(child);
    if (node.kind == Kind::sequence && measures[static_cast<size_t>(child)].bytes > 0) break;
  }
  return out;
}

}  // namespace

void CheckedGrammar::measure_all() {
  const auto parents = parents_of(grammar_);
  const auto bytes =
      least_measures(grammar_, parents, [this](NodeId id, const auto& value) { return byte_cost(grammar_, id, value); });
  const auto depth =
      least_measures(grammar_, parents, [this](NodeId id, const auto& value) { return depth_cost(grammar_, id, value); });
  measures_.resize(bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) measures_[i] = {bytes[i], depth[i]};
  for (const GrammarNode& node : grammar_.nodes()) {
    rests_.resize(std::max<size_t>(rests_.size(), node.first + node.count));
    if (node.kind != Kind::sequence) continue;
    int64_t rest = 0;
    for (uint32_t i = node.count; i-- > 0;) rests_[node.first + i] = capped(rest += measure(child(node, i)).bytes);
  }
}

// What nothing matches is no way: it would be looked at wherever its choice is entered.
void CheckedGrammar::drop_dead_ways() {
  std::vector<bool> dead(measures_.size());
  for (size_t i = 0; i < dead.size(); ++i) dead[i] = measures_[i].bytes >= kNever;
  grammar_.drop_ways(dead);
}

Status CheckedGrammar::check_left_recursion() const {
  enum : uint8_t { fresh, open, done };
  std::vector<uint8_t> mark(grammar_.nodes().size(), fresh);
  struct Step {
    NodeId node;
    std::vector<NodeId> left;
    size_t next;
  };
  std::vector<Step> path;
  std::string_view rule = grammar_.rules()[static_cast<size_t>(root_)].name;
  const auto enter = [&](NodeId id) {
    mark[static_cast<size_t>(id)] = open;
    path.push_back({id, left_children(grammar_, node(id), measures_), 0});
  };
  for (const auto& each : grammar_.rules()) {
    if (mark[static_cast<size_t>(each.body)] == fresh) enter(each.body);
    while (!path.empty()) {
      Step& step = path.back();
      if (step.next == step.left.size()) {
        mark[static_cast<size_t>(step.node)] = done;
        path.pop_back();
        continue;
      }
      const GrammarNode& from = node(step.node);
      if (from.kind == Kind::call) rule = grammar_.rules()[static_cast<size_t>(from.target)].name;
      const NodeId next = step.left[step.next++];
      if (mark[static_cast<size_t>(next)] == open) {
        return Error{Code::invalid, "rule " + quote_text(rule) + " calls itself before it has taken a character (left recursion)"};
      }
      if (mark[static_cast<size_t>(next)] == fresh) enter(next);
    }
  }
  return {};
}

void CheckedGrammar::classify_bytes() {
  classes_.assign(256, 0);
  class_count_ = 1;
  for (const ByteSet& set : grammar_.sets()) {
    std::map<std::pair<uint8_t, bool>, uint8_t> split;
    for (int b = 0; b < 256; ++b) {
      const auto byte = static_cast<size_t>(b);
      const auto key = std::pair(classes_[byte], set.has(static_cast<uint8_t>(b)));
      classes_[byte] = split.try_emplace(key, static_cast<uint8_t>(split.size())).first->second;
    }
    class_count_ = static_cast<int32_t>(split.size());
    if (class_count_ == 256) break;
  }
}

Result<CheckedGrammar> CheckedGrammar::check(Grammar grammar, RuleId root) {
  if (grammar.overflowed()) {
    return Error{Code::over_budget, "the grammar is larger than " + std::to_string(kMostNodes) + " nodes"};
  }
  for (const auto& rule : grammar.rules()) {
    if (rule.body < 0) return Error{Code::invalid, "rule " + quote_text(rule.name) + " is used but not defined"};
  }
  CheckedGrammar out(std::move(grammar), root);
  out.measure_all();
  const NodeMeasure& whole = out.measure(out.root_body());
  if (whole.bytes >= kNever) {
    return Error{Code::invalid, "nothing can match: rule " + quote_text(out.grammar_.rules()[static_cast<size_t>(root)].name) + " never ends"};
  }
  if (whole.depth >= kMostDepth) return Error{Code::over_budget, "the shortest text already nests too deeply"};
  SLUICE_TRY_VOID(out.check_left_recursion());
  out.drop_dead_ways();
  out.classify_bytes();
  return out;
}

}  // namespace sluice::text
