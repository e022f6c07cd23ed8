// A walk of a trie along an automaton.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "text/grammar/automaton.h"
#include "text/grammar/token_split.h"

namespace sluice::text {

class TokenWalk {
 public:
  // `longest`: the most bytes of a string in any trie walked.
  TokenWalk(Automaton& automaton, size_t longest) : automaton_(automaton), path_(longest + 1) {}

  // Calls each(node's index, state after its bytes) for every node under `node` that can be reached and that has strings of
  // more than `longer` bytes. `from`: the state at `node` itself.
  template <class Each>
  void under(std::span<const TrieNode> nodes, StateId from, uint32_t node, size_t longer, Each each) {
    if (automaton_.spoilt()) return;
    size_t steps = 1;
    path_[nodes[node].depth] = from;
    for (uint32_t i = node + 1; i < nodes[node].end; ++steps) {
      const TrieNode& at = nodes[i];
      if (at.reach <= longer && at.reach != TrieNode::kFar) {
        i = at.end;
        continue;
      }
      const StateId state = automaton_.step(path_[at.depth - 1u], at.byte);
      if (state == Automaton::dead) {
        i = at.end;
        continue;
      }
      path_[at.depth] = state;
      each(i, state);
      ++i;
    }
    automaton_.charge(steps);
  }

  StateId along(std::string_view bytes, StateId state) {
    for (char c : bytes) {
      state = automaton_.step(state, static_cast<uint8_t>(c));
      if (state == Automaton::dead) break;
    }
    return state;
  }

 private:
  Automaton& automaton_;
  std::vector<StateId> path_;  // states by depth
};

}  // namespace sluice::text
