#include "text/grammar/token_parts.h"

#include <algorithm>

#include "text/grammar/plain_leads.h"

namespace sluice::text {
namespace {

using Kind = GrammarNode::Kind;

constexpr size_t kPartBytes = size_t{32} << 20;  // of parts kept
constexpr int kMostApart = 8;                    // bytes that may lead elsewhere than other plain ones
constexpr uint8_t kUsual = '~';                  // hardly ever means anything

}  // namespace

CellId TokenParts::first_call(CellId top) const {
  while (top > Automaton::hole && !automaton_.is_call(top)) top = automaton_.cell(top).parent;
  return top;
}

// The part of a stack above its first call, on a hole in place of that. A count that may end where it is becomes endless;
// `counted` becomes at most what is left of it: each of its rounds takes a byte or changes nothing.
CellId TokenParts::on_hole(CellId top, size_t& counted) {
  std::vector<CellId> chain;
  for (; top > Automaton::hole && !automaton_.is_call(top); top = automaton_.cell(top).parent) chain.push_back(top);
  CellId here = Automaton::hole;
  for (size_t i = chain.size(); i-- > 0;) {
    const Automaton::Cell cell = automaton_.cell(chain[i]);
    const GrammarNode& node = automaton_.grammar().node(cell.node);
    if (node.kind == Kind::repeat && node.target >= 0 && cell.index >= node.least) {
      counted = std::min(counted, static_cast<size_t>(node.most - cell.index));
      here = automaton_.make_cell(node.target, 0, here);
    } else {
      here = automaton_.make_cell(cell.node, cell.index, here);
    }
  }
  return here;
}

std::span<const TrieNode> TokenParts::nodes(const Part& part, Tries in) const {
  if (in == Tries::all) return trie_.nodes();
  return in == Tries::bare ? part.split->bare : part.split->rests;
}

// Sets the tokens that end at a node with this `token`.
void TokenParts::take(const Part& part, Tries in, int32_t token, std::span<uint64_t> bits) const {
  if (in != Tries::rests) return set_bit(bits, token);
  for (const TokenSplit::Led* led = &part.split->led[static_cast<size_t>(token)];; ++led) {
    if (!part.apart.has(led->first)) set_bit(bits, led->token);
    if (led->last) return;
  }
}

// The state to which plain characters lead from this one and from itself; dead: there is none, or too many that do not.
StateId TokenParts::find_loop(StateId state, Part& part) {
  const StateId loop = automaton_.step(state, kUsual);
  if (loop == Automaton::dead) return loop;
  const auto [known, fresh] = loop_leaves_.try_emplace(loop);
  if (fresh) known->second = leads_elsewhere(automaton_, loop, loop);
  const std::optional<ByteSet>& leaves = known->second;
  const std::optional<ByteSet> apart = state == loop || !leaves ? leaves : leads_elsewhere(automaton_, state, loop);
  if (!leaves || !apart) return Automaton::dead;
  for (const TokenSplit& split : trie_.splits()) {
    part.apart = apart->common(split.ascii);
    if (!leaves->common(split.ascii).empty() || part.apart.count() > kMostApart) continue;
    part.split = &split;
    return loop;
  }
  return Automaton::dead;
}

// The plain tokens, but for those that begin with a byte that is apart.
void TokenParts::take_plain(Part& part) const {
  std::copy(part.split->plain.begin(), part.split->plain.end(), part.mask.bits.begin());
  const auto nodes = trie_.nodes();
  for (uint32_t child = 1; child < nodes[0].end; child = nodes[child].end) {
    if (!part.apart.has(nodes[child].byte)) continue;
    automaton_.charge(nodes[child].end - child);
    for (uint32_t i = child; i < nodes[child].end; ++i) {
      if (nodes[i].token >= 0) clear_bit(part.mask.bits, nodes[i].token);
    }
  }
}

const TokenParts::Part& TokenParts::part(StateId state) {
  if (parts_.size() * trie_.words() * sizeof(uint64_t) > kPartBytes) parts_.clear();
  const auto [at, fresh] = parts_.try_emplace(state);
  Part& out = at->second;
  if (!fresh) return out;
  out.mask.bits.resize(trie_.words());
  const auto visit = [&](Tries in, uint32_t node, int32_t token, StateId to) {
    const Automaton::State& after = automaton_.state(to);
    if (after.leaves) out.exits.push_back({in, node});
    if (token < 0) return;
    take(out, in, token, out.mask.bits);
    out.mask.worst = std::max(out.mask.worst, after.shortest);
  };
  const auto walk = [&](Tries in, StateId from, uint32_t node) {
    const auto trie = nodes(out, in);
    walk_.under(trie, from, node, 0, [&, in](uint32_t i, StateId to) { visit(in, i, trie[i].token, to); });
  };
  const StateId loop = find_loop(state, out);
  if (loop == Automaton::dead) {
    walk(Tries::all, state, 0);
    return out;
  }
  take_plain(out);
  out.mask.worst = automaton_.state(loop).shortest;
  out.leaves = automaton_.state(loop).leaves;
  if (out.leaves) out.exits.push_back({Tries::rests, 0});
  walk(Tries::bare, state, 0);
  walk(Tries::rests, loop, 0);
  const auto all = trie_.nodes();
  for (uint32_t child = 1; child < all[0].end; child = all[child].end) {
    const StateId to = out.apart.has(all[child].byte) ? automaton_.step(state, all[child].byte) : Automaton::dead;
    if (to == Automaton::dead) continue;
    visit(Tries::all, child, all[child].token, to);
    walk(Tries::all, to, child);
  }
  return out;
}

bool TokenParts::goes_on_plain(StateId state, const TokenSplit& split) const {
  const ByteSet plain = split.ascii.with(ByteSet::range(0x80, 0xff));
  const auto tops = automaton_.tops(state);
  return std::any_of(tops.begin(), tops.end(), [&](CellId top) {
    return top > Automaton::hole && !automaton_.next_bytes(top).common(plain).empty();
  });
}

// Those tokens with a plain beginning that leave the part inside of that.
void TokenParts::add_led(StateId state, const TokenSplit& split, TokenMask& mask) {
  automaton_.charge(split.led.size());
  if (automaton_.spoilt()) return;
  for (const TokenSplit::Led& led : split.led) {
    if (has_bit(mask.bits, led.token)) continue;
    const StateId to = walk_.along(trie_.bytes(led.token), state);
    if (to == Automaton::dead) continue;
    set_bit(mask.bits, led.token);
    mask.worst = std::max(mask.worst, automaton_.state(to).shortest);
  }
}

size_t TokenParts::add(std::span<const CellId> tops, CellId below, TokenMask& mask) {
  size_t counted = trie_.longest();
  std::vector<CellId> here;
  for (CellId top : tops) here.push_back(on_hole(top, counted));
  const Part& upper = part(automaton_.make_state(std::move(here)));
  automaton_.charge(mask.bits.size());
  for (size_t i = 0; i < mask.bits.size(); ++i) mask.bits[i] |= upper.mask.bits[i];
  mask.worst = std::max(mask.worst, std::min(kNever, upper.mask.worst + automaton_.cell(below).shortest));
  const StateId rest = automaton_.resume(below);
  const auto after = automaton_.tops(rest);
  if (std::all_of(after.begin(), after.end(), [](CellId top) { return top <= Automaton::hole; })) return counted;  // nothing follows
  if (upper.leaves && goes_on_plain(rest, *upper.split)) add_led(automaton_.make_state({tops.begin(), tops.end()}), *upper.split, mask);
  for (const Exit& exit : upper.exits) {
    const auto trie = nodes(upper, exit.in);
    walk_.under(trie, rest, exit.node, 0, [&](uint32_t i, StateId at) {
      if (trie[i].token < 0) return;
      take(upper, exit.in, trie[i].token, mask.bits);
      mask.worst = std::max(mask.worst, automaton_.state(at).shortest);
    });
  }
  return counted;
}

}  // namespace sluice::text
