// A checked grammar as a pushdown automaton over bytes that is made deterministic as it is used.
//
// What is still to come is a stack of cells, and cells are shared: each says where in its node to go on, and below it
// lies the parent. A state is the set of the stacks that are possible after the bytes taken so far. Cells and states are
// numbered, so a state and a byte lead to the next state by one table look-up once that has been worked out.
//
// Stacks hold at most kMostDepth cells. What could not be completed within that is not entered, so every state but the
// dead one can be brought to an end. Not thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "text/grammar/checked.h"

namespace sluice::text {

using CellId = int32_t;
using StateId = int32_t;

class Automaton {
 public:
  static constexpr StateId dead = 0;
  // Cells at which a stack can end: the text may end there; the part of a stack that was looked at ends there (token_masks.h).
  static constexpr CellId bottom = 0, hole = 1;

  struct Cell {
    NodeId node;
    int32_t index;   // sequence: the part that comes next; repeat: how often it was begun
    CellId parent;
    int32_t shortest;  // bytes of the shortest text from here to the bottom (or hole)
    int32_t depth;
  };
  struct State {
    uint32_t first, count;  // its stacks' top cells, in order, in Automaton::tops()
    int32_t shortest;       // of its stacks
    bool accepts, leaves;   // bottom, hole is among the tops
    bool free;              // some stack is inside free text
  };

  explicit Automaton(std::shared_ptr<const CheckedGrammar> grammar);

  StateId start() const { return start_; }
  StateId step(StateId state, uint8_t byte) {
    const size_t at = static_cast<size_t>(state) * class_count_ + classes_[byte];
    return next_[at] != kUnknown ? next_[at] : work_out(state, byte);
  }

  const State& state(StateId id) const { return states_[static_cast<size_t>(id)]; }
  const Cell& cell(CellId id) const { return cells_[static_cast<size_t>(id)]; }
  std::span<const CellId> tops(StateId id) const {
    return std::span(tops_).subspan(state(id).first, state(id).count);
  }
  const CheckedGrammar& grammar() const { return *grammar_; }
  bool is_call(CellId id) const { return id > hole && grammar_->node(cell(id).node).kind == GrammarNode::Kind::call; }

  // REQUIRES: `top` is one of a state's and stands for bytes.
  const ByteSet& next_bytes(CellId top) const {
    return grammar_->grammar().sets()[static_cast<size_t>(grammar_->node(cell(top).node).target)];
  }

  CellId make_cell(NodeId node, int32_t index, CellId parent);
  // The state of exactly these stacks.
  StateId make_state(std::vector<CellId> tops);
  // The state after the cell's text so far has ended above it.
  StateId resume(CellId cell);
  // The same state of another automaton for the same grammar.
  StateId copy_of(const Automaton& other, StateId state);

  // Tables are as large as they may get: go on in a fresh automaton.
  bool full() const { return full_; }
  // More stacks at once than can be followed.
  bool ambiguous() const { return ambiguous_; }
  // More work than was allowed.
  bool overworked() const { return overworked_; }
  // One of these: results are wrong from then on, what was returned before is not.
  bool spoilt() const { return full_ || ambiguous_ || overworked_; }

  // How much work may be done from now on, in steps of a walk along known states; without limit before the first call.
  void allow(int64_t work) { work_left_ = work; }
  int64_t work_left() const { return work_left_; }
  void charge(size_t work) {
    if ((work_left_ -= static_cast<int64_t>(work)) < 0) overworked_ = true;
  }

 private:
  static constexpr StateId kUnknown = -1;
  struct Work {
    NodeId node;  // to be entered; -1: `parent` is to be resumed
    CellId parent;
  };
  struct Key {
    NodeId node;
    int32_t index;
    CellId parent;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& k) const;
  };
  struct TopsHash {
    size_t operator()(const std::vector<CellId>& tops) const;
  };

  size_t table_bytes() const;
  StateId work_out(StateId state, uint8_t byte);
  StateId close();
  void enter(Work work);
  void go_on(CellId cell);
  void enter_part(const GrammarNode& node, NodeId id, uint32_t part, CellId parent);
  void iterate(const GrammarNode& node, NodeId id, int32_t count, CellId parent);
  int32_t shortest_from(NodeId node, int32_t index, CellId parent) const;

  std::shared_ptr<const CheckedGrammar> grammar_;
  const uint8_t* classes_;
  size_t class_count_;
  std::vector<uint8_t> members_;  // a byte of each class
  std::vector<Cell> cells_;
  std::unordered_map<Key, CellId, KeyHash> cell_ids_;
  std::vector<State> states_;
  std::vector<CellId> tops_;
  std::unordered_map<std::vector<CellId>, StateId, TopsHash> state_ids_;
  std::vector<StateId> next_;  // [state][byte class]
  StateId start_ = dead;
  bool full_ = false, ambiguous_ = false, overworked_ = false;
  int64_t work_left_ = std::numeric_limits<int64_t>::max();
  // While a state is made:
  std::vector<Work> work_;
  std::unordered_set<uint64_t> seen_;
  std::vector<CellId> found_;
};

}  // namespace sluice::text
