#include "runtime/drafter.h"

#include <algorithm>

#include "runtime/engine_parts.h"
#include "runtime/pass.h"

namespace sluice::runtime {

Drafter::Drafter(Session::Parts& s, const Settings& settings)
    : settings_(settings), lookup_(s.state.capacity), lookup_gate_(settings.most), head_gate_(settings.most) {
  if (settings.head) head_.emplace(s);
  drafts_.reserve(kMostDrafts);
  foreseen_.reserve(kMostDrafts);
}

void Drafter::reset() {
  lookup_.clear();
  foreseen_.clear();
  if (head_) head_->reset();
  proposed_ = false;
  forget();
}

void Drafter::restart(std::span<const int32_t> tokens) {
  reset();
  for (const int32_t token : tokens) lookup_.push(token);
  if (head_) head_->restart(static_cast<int64_t>(tokens.size()));
}

Status Drafter::before(const Pass& pass) {
  if (!proposed_) {  // else propose() has taken note of the token, and drafts are no part of the conversation yet
    foreseen_.clear();
    for (const int32_t token : pass.tokens) lookup_.push(token);
  }
  return head_ ? head_->before(pass, lookup_.tokens()) : Status{};
}

Status Drafter::behind(const Pass& pass) {
  proposed_ = false;
  return head_ ? head_->behind(pass, lookup_.tokens()) : Status{};
}

void Drafter::accept() {
  take(drafts_[static_cast<size_t>(last_.accepted++)]);
  if (head_) head_->accept();
}

void Drafter::report() {
  if (!last_.known) return;
  last_.known = false;
  if (last_.source != Source::head) lookup_gate_.passed(last_.drafts, last_.accepted, last_.seconds);
  if (last_.source != Source::lookup) head_gate_.passed(last_.drafts, last_.accepted, last_.seconds);
}

int32_t Drafter::depth(const DraftGate& gate, int64_t most) const {
  return static_cast<int32_t>(std::min<int64_t>(settings_.gated ? gate.depth() : settings_.most, most));
}

bool Drafter::head_is_faster() const {
  return settings_.gated && head_gate_.depth() > 0 && head_gate_.gain(head_gate_.depth()) > lookup_gate_.gain(lookup_gate_.depth());
}

// The conversation goes on with `token`.
void Drafter::take(int32_t token) {
  lookup_.push(token);
  if (foreseen_.empty()) return;
  const bool right = foreseen_[foreseen_right_] == token;
  if (right && ++foreseen_right_ < foreseen_.size()) return;
  lookup_gate_.foresaw(static_cast<int32_t>(foreseen_.size()), static_cast<int32_t>(foreseen_right_));
  foreseen_.clear();
}

void Drafter::foresee() {
  if (!settings_.lookup || !foreseen_.empty() || lookup_gate_.depth() > 0) return;
  foreseen_.resize(static_cast<size_t>(settings_.most));
  foreseen_.resize(lookup_.guess(foreseen_));
  foreseen_right_ = 0;
}

Result<std::span<const int32_t>> Drafter::propose(int32_t token, int64_t most) {
  report();
  take(token);
  foresee();
  proposed_ = true;
  last_ = {.known = true};
  drafts_.clear();
  if (const int32_t wanted = depth(lookup_gate_, most); settings_.lookup && wanted > 0 && !(head_ && head_is_faster())) {
    drafts_.resize(static_cast<size_t>(wanted));
    drafts_.resize(lookup_.guess(drafts_));
    if (!drafts_.empty()) last_.source = Source::lookup;
  }
  if (const int32_t wanted = depth(head_gate_, most); drafts_.empty() && head_ && wanted > 0) {
    drafts_.resize(static_cast<size_t>(wanted));
    SLUICE_TRY(const int32_t guessed, head_->guess(lookup_.tokens(), drafts_));
    drafts_.resize(static_cast<size_t>(guessed));
    if (!drafts_.empty()) last_.source = Source::head;
  }
  last_.drafts = static_cast<int32_t>(drafts_.size());
  return std::span<const int32_t>(drafts_);
}

std::unique_ptr<Drafter> make_drafter(Session::Parts& s) {
  const EngineOptions& o = s.engine.options;
  if (o.speculate == "off") return nullptr;
  return std::make_unique<Drafter>(s, Drafter::Settings{.lookup = o.speculate != "mtp",
                                                        .head = s.engine.plan.draft_layers > 0,
                                                        .gated = o.speculate == "auto",
                                                        .most = o.draft > 0 ? o.draft : kMostDrafts});
}

}  // namespace sluice::runtime
