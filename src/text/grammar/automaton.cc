#include "text/grammar/automaton.h"

#include <algorithm>

namespace sluice::text {
namespace {

using Kind = GrammarNode::Kind;

constexpr size_t kMostTables = size_t{96} << 20;  // bytes
// Of them, with what vectors keep in reserve and what the hash tables and their keys take:
constexpr size_t kCellBytes = 86, kStateBytes = 146, kStackBytes = 10, kTransitionBytes = 6;
constexpr size_t kMostStacks = 4000;   // of a state
constexpr size_t kMostWork = 200'000;  // to make one state
// What it costs (Automaton::charge) to look into a hash table, and to sort in a stack among a state's others.
constexpr size_t kLookUpSteps = 32, kSortSteps = 1;

uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}

uint64_t pair_key(int32_t a, int32_t b) {
  return static_cast<uint64_t>(static_cast<uint32_t>(a)) << 32 | static_cast<uint32_t>(b);
}

}  // namespace

size_t Automaton::KeyHash::operator()(const Key& k) const {
  return mix(mix(0, pair_key(k.node, k.index)), static_cast<uint64_t>(k.parent));
}

size_t Automaton::TopsHash::operator()(const std::vector<CellId>& tops) const {
  uint64_t hash = tops.size();
  for (CellId top : tops) hash = mix(hash, static_cast<uint64_t>(top));
  return hash;
}

Automaton::Automaton(std::shared_ptr<const CheckedGrammar> grammar)
    : grammar_(std::move(grammar)),
      classes_(grammar_->byte_classes().data()),
      class_count_(static_cast<size_t>(grammar_->class_count())),
      members_(class_count_) {
  for (int b = 0; b < 256; ++b) members_[classes_[b]] = static_cast<uint8_t>(b);
  cells_.push_back({-1, 0, -1, 0, 0});  // bottom
  cells_.push_back({-1, 0, -1, 0, 0});  // hole
  static_cast<void>(make_state({}));    // dead
  std::fill(next_.begin(), next_.end(), dead);
  work_.push_back({grammar_->root_body(), bottom});
  start_ = close();
}

int32_t Automaton::shortest_from(NodeId id, int32_t index, CellId parent) const {
  const GrammarNode& node = grammar_->node(id);
  int64_t out = cell(parent).shortest;
  if (node.kind == Kind::bytes) out += 1;
  if (node.kind == Kind::sequence) out += grammar_->shortest_rest(node, static_cast<uint32_t>(index));
  if (node.kind == Kind::repeat && index < node.least) {
    out += int64_t{node.least - index} * grammar_->measure(grammar_->child(node, 0)).bytes;
  }
  return static_cast<int32_t>(std::min<int64_t>(out, kNever));
}

size_t Automaton::table_bytes() const {
  return cells_.size() * kCellBytes + states_.size() * kStateBytes + tops_.size() * kStackBytes + next_.size() * kTransitionBytes;
}

CellId Automaton::make_cell(NodeId node, int32_t index, CellId parent) {
  if (spoilt()) return bottom;
  charge(kLookUpSteps);
  const auto [at, fresh] = cell_ids_.try_emplace({node, index, parent}, static_cast<CellId>(cells_.size()));
  if (fresh) {
    if (table_bytes() > kMostTables) full_ = true;
    cells_.push_back({node, index, parent, shortest_from(node, index, parent), cell(parent).depth + 1});
  }
  return at->second;
}

StateId Automaton::make_state(std::vector<CellId> tops) {
  if (spoilt()) return dead;
  charge(kLookUpSteps + kSortSteps * tops.size());
  std::sort(tops.begin(), tops.end());
  tops.erase(std::unique(tops.begin(), tops.end()), tops.end());
  const auto [at, fresh] = state_ids_.try_emplace(tops, static_cast<StateId>(states_.size()));
  if (!fresh) return at->second;
  if (table_bytes() > kMostTables) full_ = true;
  State state{static_cast<uint32_t>(tops_.size()), static_cast<uint32_t>(tops.size()), kNever, false, false, false};
  for (CellId top : tops) {
    state.shortest = std::min(state.shortest, cell(top).shortest);
    state.accepts |= top == bottom;
    state.leaves |= top == hole;
    state.free |= top > hole && grammar_->node(cell(top).node).free;
  }
  tops_.insert(tops_.end(), tops.begin(), tops.end());
  states_.push_back(state);
  next_.resize(next_.size() + class_count_, kUnknown);
  return at->second;
}

// For all bytes at once that the same stacks take.
StateId Automaton::work_out(StateId from, uint8_t byte) {
  charge(class_count_ + state(from).count);
  if (spoilt()) return dead;
  ByteSet alike = ByteSet::all();
  for (uint32_t i = 0; i < state(from).count; ++i) {
    const CellId top = tops_[state(from).first + i];
    if (top <= hole) continue;
    const ByteSet& set = next_bytes(top);
    if (set.has(byte)) work_.push_back({-1, cell(top).parent});
    alike = set.has(byte) ? alike.common(set) : alike.without(set);
  }
  const StateId to = work_.empty() ? dead : close();
  for (size_t i = 0; i < class_count_; ++i) {
    if (alike.has(members_[i])) next_[static_cast<size_t>(from) * class_count_ + i] = to;
  }
  return to;
}

StateId Automaton::resume(CellId cell) {
  work_.push_back({-1, cell});
  return close();
}

// Follows the work that is listed to the next bytes, or the bottom, of every stack.
StateId Automaton::close() {
  seen_.clear();
  found_.clear();
  size_t done = 0;
  while (!work_.empty() && !spoilt()) {
    const Work work = work_.back();
    work_.pop_back();
    charge(kLookUpSteps);
    if (!seen_.insert(pair_key(work.node, work.parent)).second) continue;
    if (++done > kMostWork || found_.size() > kMostStacks) ambiguous_ = true;
    if (work.node < 0) {
      go_on(work.parent);
    } else {
      enter(work);
    }
  }
  work_.clear();
  return make_state(found_);
}

void Automaton::enter(Work work) {
  const GrammarNode& node = grammar_->node(work.node);
  if (cell(work.parent).depth + grammar_->measure(work.node).depth > kMostDepth) return;
  switch (node.kind) {
    case Kind::bytes:
      found_.push_back(make_cell(work.node, 0, work.parent));
      return;
    case Kind::sequence:
      return node.count == 0 ? work_.push_back({-1, work.parent}) : enter_part(node, work.node, 0, work.parent);
    case Kind::choice:
      for (NodeId way : grammar_->grammar().children(node)) work_.push_back({way, work.parent});
      return;
    case Kind::repeat:
      return iterate(node, work.node, 0, work.parent);
    case Kind::call: {
      // A call that is the last thing its rule does needs no cell of its own: so a rule that ends with itself loops.
      const bool last = work.parent <= hole || is_call(work.parent);
      work_.push_back({grammar_->body(node.target), last ? work.parent : make_cell(work.node, 0, work.parent)});
      return;
    }
  }
}

void Automaton::enter_part(const GrammarNode& node, NodeId id, uint32_t part, CellId parent) {
  const bool last = part + 1 == node.count;
  work_.push_back({grammar_->child(node, part), last ? parent : make_cell(id, static_cast<int32_t>(part) + 1, parent)});
}

// `count`: iterations begun so far.
void Automaton::iterate(const GrammarNode& node, NodeId id, int32_t count, CellId parent) {
  if (count >= node.least) work_.push_back({-1, parent});
  if (node.most >= 0 && count >= node.most) return;
  const int32_t begun = node.most < 0 ? std::min(count + 1, node.least) : count + 1;
  work_.push_back({grammar_->child(node, 0), make_cell(id, begun, parent)});
}

void Automaton::go_on(CellId id) {
  if (id <= hole) return found_.push_back(id);
  const Cell at = cell(id);
  const GrammarNode& node = grammar_->node(at.node);
  switch (node.kind) {
    case Kind::sequence:
      return enter_part(node, at.node, static_cast<uint32_t>(at.index), at.parent);
    case Kind::repeat:
      return iterate(node, at.node, at.index, at.parent);
    default:  // a call
      return work_.push_back({-1, at.parent});
  }
}

StateId Automaton::copy_of(const Automaton& other, StateId id) {
  std::vector<CellId> tops, chain;
  for (CellId top : other.tops(id)) {
    chain.clear();
    for (; top > hole; top = other.cell(top).parent) chain.push_back(top);
    CellId here = top;
    for (size_t i = chain.size(); i-- > 0;) here = make_cell(other.cell(chain[i]).node, other.cell(chain[i]).index, here);
    tops.push_back(here);
  }
  return make_state(std::move(tops));
}

}  // namespace sluice::text
