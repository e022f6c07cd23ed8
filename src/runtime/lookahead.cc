#include "runtime/lookahead.h"

#include <variant>

namespace sluice::runtime {
namespace {

constexpr double kFade = 0.9;          // of the running means, a token
constexpr double kLeastRight = 0.6;    // docs/lab/2026-11-24-lookahead.md
constexpr double kLeastNeeded = 0.25;  // experts a token
constexpr int32_t kSleep = 64;         // tokens
constexpr double kBenefitOfDoubt = 0.8;

}  // namespace

Lookahead::Lookahead(const model::Plan& plan, LookaheadMode mode)
    : mode_(mode), targets_(plan.steps.size()), right_(kBenefitOfDoubt) {
  guess_.reserve(static_cast<size_t>(plan.experts));
  if (mode == LookaheadMode::off) return;
  const model::Norm* norm = nullptr;
  size_t from = 0;  // the step that ended the layer before
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const model::Step::Op& op = plan.steps[i].op;
    if (const auto* n = std::get_if<model::Norm>(&op)) norm = n;
    if (const auto* r = std::get_if<model::Route>(&op); r != nullptr && norm != nullptr) targets_[from] = {norm, r};
    // The sum that ends a layer is the one behind its experts.
    if (std::holds_alternative<model::Add>(op) && i > 0 && std::holds_alternative<model::Experts>(plan.steps[i - 1].op)) from = i;
  }
}

void Lookahead::begin_chunk(bool prompt, const ExpertCounters& counters) {
  active_ = mode_ == LookaheadMode::on || (mode_ == LookaheadMode::automatic && (prompt || pays(counters)));
  before_ = counters;
}

// Looks at what the token before did.
bool Lookahead::pays(const ExpertCounters& now) {
  if (asleep_ > 0) {
    if (--asleep_ > 0) return false;
    right_ = kBenefitOfDoubt;
    needed_ = 1;
    return true;
  }
  const auto read = static_cast<double>(now.speculative_reads - before_.speculative_reads);
  const auto used = static_cast<double>(now.foreseen - before_.foreseen);
  const auto needed = used + static_cast<double>(now.misses - before_.misses);
  if (read > 0) right_ = kFade * right_ + (1 - kFade) * (used / read);
  needed_ = kFade * needed_ + (1 - kFade) * needed;
  if (right_ >= kLeastRight && needed_ >= kLeastNeeded) return true;
  asleep_ = kSleep;
  return false;
}

void Lookahead::look(size_t index, device::CpuDevice& device, const device::Chunk& chunk) {
  const Target& t = targets_[index];
  if (mode_ == LookaheadMode::automatic && chunk.port->complete(t.route->moe_index)) return;
  device.forecast(*t.norm, *t.route, chunk, guess_);
  chunk.port->expect(t.route->moe_index, guess_);
}

}  // namespace sluice::runtime
