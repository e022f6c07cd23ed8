#include "text/grammar/token_masks.h"

#include <algorithm>
#include <map>

namespace sluice::text {
namespace {

using Kind = GrammarNode::Kind;

constexpr size_t kMaskBytes = size_t{32} << 20;  // of masks kept
constexpr int kWide = 64;                        // next bytes from which on a stack's upper part is walked on its own

}  // namespace

TokenMasks::TokenMasks(std::shared_ptr<const CheckedGrammar> grammar, std::shared_ptr<const TokenTrie> trie)
    : trie_(std::move(trie)), automaton_(std::move(grammar)), walk_(automaton_, trie_->longest()), parts_(automaton_, *trie_, walk_) {}

// Cells in which a count differs only further away than any token reaches are one.
CellId TokenMasks::canonical(CellId id) {
  std::vector<CellId> chain;
  CellId out = id;
  for (; out > Automaton::hole; out = automaton_.cell(out).parent) {
    if (const auto known = canonical_.find(out); known != canonical_.end()) {
      out = known->second;
      break;
    }
    chain.push_back(out);
  }
  const auto far = static_cast<int32_t>(trie_->longest());
  for (size_t i = chain.size(); i-- > 0;) {
    const Automaton::Cell cell = automaton_.cell(chain[i]);
    const GrammarNode& node = automaton_.grammar().node(cell.node);
    int32_t index = cell.index;
    if (node.kind == Kind::repeat && index < node.least && node.least - index > far) index = 0;
    if (node.kind == Kind::repeat && index >= node.least && node.most - index > far) index = node.least;
    out = automaton_.make_cell(cell.node, index, out);
    canonical_.emplace(chain[i], out);
  }
  return out;
}

StateId TokenMasks::canonical_state(StateId state) {
  const auto [at, fresh] = canonical_states_.try_emplace(state, state);
  if (fresh) {
    const auto tops = automaton_.tops(state);
    std::vector<CellId> cells(tops.begin(), tops.end());
    for (CellId& top : cells) top = canonical(top);
    at->second = automaton_.make_state(std::move(cells));
  }
  return at->second;
}

const TokenMasks::Mask& TokenMasks::mask(StateId state) {
  const StateId key = canonical_state(state);
  if (const auto known = masks_.find(key); known != masks_.end()) return known->second;
  if ((masks_.size() + 1) * trie_->words() * sizeof(uint64_t) > kMaskBytes) masks_.clear();
  return masks_.emplace(key, build(key)).first->second;
}

TokenMasks::Mask TokenMasks::build(StateId state) {
  Mask out{std::vector<uint64_t>(trie_->words())};
  std::map<CellId, std::vector<CellId>> parts;  // by what is below them
  for (CellId top : automaton_.tops(state)) {
    if (top > Automaton::hole) parts[parts_.first_call(top)].push_back(top);
  }
  std::vector<CellId> narrow;
  size_t counted = trie_->longest();
  for (const auto& [below, tops] : parts) {
    const bool wide = std::any_of(tops.begin(), tops.end(), [&](CellId top) { return automaton_.next_bytes(top).count() >= kWide; });
    if (wide) counted = std::min(counted, parts_.add(tops, below, out));
    else narrow.insert(narrow.end(), tops.begin(), tops.end());
  }
  if (counted < trie_->longest()) add_longer(state, counted, out);
  if (!narrow.empty()) {
    walk_.under(trie_->nodes(), automaton_.make_state(std::move(narrow)), 0, 0, [&](uint32_t i, StateId at) {
      if (trie_->nodes()[i].token < 0) return;
      set_bit(out.bits, trie_->nodes()[i].token);
      out.worst = std::max(out.worst, automaton_.state(at).shortest);
    });
  }
  trie_->add_twins(out.bits);
  out.all = std::equal(out.bits.begin(), out.bits.end(), trie_->all().begin());
  return out;
}

// Tokens of more than `counted` bytes, by the state itself.
void TokenMasks::add_longer(StateId state, size_t counted, Mask& mask) {
  trie_->clear_longer(mask.bits, counted);
  walk_.under(trie_->nodes(), state, 0, counted, [&](uint32_t i, StateId at) {
    const TrieNode& node = trie_->nodes()[i];
    if (node.token < 0 || node.depth <= counted) return;
    set_bit(mask.bits, node.token);
    mask.worst = std::max(mask.worst, automaton_.state(at).shortest);
  });
}

void TokenMasks::mask_within(StateId state, int32_t most, std::span<uint64_t> bits) {
  walk_.under(trie_->nodes(), state, 0, 0, [&](uint32_t i, StateId at) {
    if (trie_->nodes()[i].token >= 0 && automaton_.state(at).shortest <= most) set_bit(bits, trie_->nodes()[i].token);
  });
  trie_->add_twins(bits);
}

}  // namespace sluice::text
