#include "text/grammar/compiled.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "text/grammar/token_masks.h"
#include "text/quote.h"

namespace sluice::text {
namespace {

// Steps (Automaton::allow) that an answer may do at once, and what each of its tokens adds to what is left of that. All
// sessions wait while a mask is made.
constexpr int64_t kMostWork = 1 << 26, kWorkOfToken = kMostWork / 32;

}  // namespace

// Where one answer stands.
class GrammarConstraint : public Constraint {
 public:
  explicit GrammarConstraint(std::shared_ptr<CompiledGrammar> grammar) : grammar_(std::move(grammar)) {
    const std::lock_guard lock(grammar_->mutex_);
    masks_ = grammar_->sound_masks();
    state_ = masks_->automaton().start();
  }

  Status allowed(std::span<uint64_t> bits, int64_t tokens_left) override {
    const std::lock_guard lock(grammar_->mutex_);
    std::fill(bits.begin(), bits.end(), 0);
    const auto room = bits.first(masks_->trie().words());
    if (!ended_) {
      SLUICE_TRY_VOID(guarded([&] { fill(room, tokens_left); }));
    }
    if (ended_ || masks_->automaton().state(state_).accepts) {
      for (int32_t stop : masks_->trie().stops()) set_bit(room, stop);
    }
    if (std::all_of(room.begin(), room.end(), [](uint64_t word) { return word == 0; })) {
      return Error{Code::unsupported, "no token of this model's vocabulary can continue the constrained answer"};
    }
    return {};
  }

  Status accept(int32_t token) override {
    const std::lock_guard lock(grammar_->mutex_);
    work_left_ = std::min(work_left_ + kWorkOfToken, kMostWork);
    const TokenTrie& trie = masks_->trie();
    const Automaton& automaton = masks_->automaton();
    const TokenTrie::Kind kind = trie.kind(token);
    if (kind == TokenTrie::Kind::stop && (ended_ || automaton.state(state_).accepts)) {
      ended_ = true;
      return {};
    }
    if (kind == TokenTrie::Kind::loose && !ended_ && automaton.state(state_).free) return {};
    StateId next = Automaton::dead;
    if (kind == TokenTrie::Kind::text && !ended_) {
      SLUICE_TRY_VOID(guarded([&] { next = masks_->step(state_, trie.bytes(token)); }));
    }
    if (next == Automaton::dead) return Error{Code::invalid, "token " + std::to_string(token) + " does not fit the constraint"};
    state_ = next;
    return {};
  }

  bool free() const override {
    const std::lock_guard lock(grammar_->mutex_);
    Automaton& automaton = masks_->automaton();
    const Automaton::State& state = automaton.state(state_);
    if (ended_ || !state.free || !state.accepts || automaton.spoilt()) return false;
    automaton.allow(work_left_);
    const TokenMasks::Mask& mask = masks_->mask(state_);
    work_left_ = automaton.work_left();
    return mask.all && mask.worst == 0 && !automaton.spoilt();
  }

 private:
  // Runs what may work out new states; where the tables are full, again with fresh ones.
  template <class Work>
  Status guarded(Work work) {
    for (bool fresh = false;;) {
      if (masks_->automaton().spoilt()) fresh = move_on();
      Automaton& automaton = masks_->automaton();
      automaton.allow(work_left_);
      work();
      work_left_ = automaton.work_left();
      if (!automaton.spoilt()) return {};
      if (automaton.ambiguous()) return Error{Code::over_budget, "the grammar is too ambiguous here: too many readings at once"};
      if (automaton.overworked()) return Error{Code::over_budget, "the grammar is too much work here: its texts can be read in too many ways"};
      if (fresh) return Error{Code::over_budget, "the grammar has too many states here"};
    }
  }

  // Goes on where it stands in sound masks; whether they are fresh ones. Others may have spoilt those it had.
  bool move_on() {
    const std::shared_ptr<TokenMasks> old = std::move(masks_);
    const StateId at = state_;
    for (;;) {
      const auto before = grammar_->masks_;
      masks_ = grammar_->sound_masks();
      masks_->automaton().allow(std::numeric_limits<int64_t>::max());
      state_ = masks_->automaton().copy_of(old->automaton(), at);
      if (const bool fresh = masks_ != before; fresh || !masks_->automaton().spoilt()) return fresh;
    }
  }

  void fill(std::span<uint64_t> bits, int64_t tokens_left) {
    std::fill(bits.begin(), bits.end(), 0);
    const int32_t shortest = masks_->automaton().state(state_).shortest;
    const TokenMasks::Mask& mask = masks_->mask(state_);
    // Every byte is a token of its own at worst, and the end is one more.
    const bool fits = shortest + 1 <= tokens_left;
    if (!fits || mask.worst + 2 <= tokens_left) {
      std::copy(mask.bits.begin(), mask.bits.end(), bits.begin());
    } else {
      masks_->mask_within(state_, static_cast<int32_t>(tokens_left - 2), bits);
    }
    if (masks_->automaton().state(state_).free && (!fits || tokens_left >= shortest + 2)) {
      for (int32_t loose : masks_->trie().loose()) set_bit(bits, loose);
    }
  }

  std::shared_ptr<CompiledGrammar> grammar_;
  std::shared_ptr<TokenMasks> masks_;
  StateId state_ = Automaton::dead;
  bool ended_ = false;
  mutable int64_t work_left_ = kMostWork;
};

CompiledGrammar::CompiledGrammar(std::shared_ptr<const CheckedGrammar> grammar, std::shared_ptr<const TokenTrie> trie)
    : grammar_(std::move(grammar)), trie_(std::move(trie)), masks_(std::make_shared<TokenMasks>(grammar_, trie_)) {}

CompiledGrammar::~CompiledGrammar() = default;

const std::shared_ptr<TokenMasks>& CompiledGrammar::sound_masks() {
  if (masks_->automaton().spoilt()) masks_ = std::make_shared<TokenMasks>(grammar_, trie_);
  return masks_;
}

Result<std::shared_ptr<CompiledGrammar>> CompiledGrammar::make(Grammar grammar, RuleId root,
                                                               std::shared_ptr<const TokenTrie> trie) {
  SLUICE_TRY(CheckedGrammar checked, CheckedGrammar::check(std::move(grammar), root));
  auto shared = std::make_shared<const CheckedGrammar>(std::move(checked));
  auto out = std::shared_ptr<CompiledGrammar>(new CompiledGrammar(std::move(shared), std::move(trie)));
  if (out->masks_->automaton().ambiguous()) return Error{Code::over_budget, "the grammar is too ambiguous: too many readings at once"};
  return out;
}

std::shared_ptr<Constraint> CompiledGrammar::constraint() { return std::make_shared<GrammarConstraint>(shared_from_this()); }

}  // namespace sluice::text
