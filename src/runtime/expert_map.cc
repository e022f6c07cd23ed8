#include "runtime/expert_map.h"

#include <utility>

#include "runtime/engine_parts.h"

namespace sluice::runtime {
namespace {

constexpr std::chrono::milliseconds kEvery{450};
constexpr float kFade = 0.985f;  // a picture: half after 46 of them

}  // namespace

ExpertMapBoard::ExpertMapBoard(Engine& engine) : engine_(engine) {
  const model::Plan& plan = engine.parts().plan;
  next_.layers = static_cast<int32_t>(plan.trunk_expert_layers());
  next_.experts = plan.experts;
  const size_t cells = static_cast<size_t>(next_.layers) * static_cast<size_t>(next_.experts);
  next_.resident.resize(cells);
  next_.uses.resize(cells);
  counted_.resize(cells);
  shown_ = next_;
  publish(true);
}

void ExpertMapBoard::draw() {
  const Engine::Parts& parts = engine_.parts();
  const SlotPool& pool = parts.experts->pool();
  const std::span<const float> counts = parts.uses->counts();
  next_.in_memory = 0;
  next_.slots = pool.held();
  size_t cell = 0;
  for (int32_t layer = 0; layer < next_.layers; ++layer) {
    for (int32_t expert = 0; expert < next_.experts; ++expert, ++cell) {
      const bool resident = pool.find(layer, expert).state == cache::SlotState::ready;
      next_.resident[cell] = resident ? 1 : 0;
      next_.in_memory += resident ? 1 : 0;
      next_.uses[cell] = next_.uses[cell] * kFade + (counts[cell] - counted_[cell]);
      counted_[cell] = counts[cell];
    }
  }
}

void ExpertMapBoard::publish(bool now) {
  const auto time = std::chrono::steady_clock::now();
  if (!now && time - drawn_ < kEvery) return;
  drawn_ = time;
  draw();
  ++next_.version;
  const std::lock_guard lock(mutex_);
  shown_ = next_;  // of the same sizes: nothing is allocated
}

ExpertMap ExpertMapBoard::read() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

}  // namespace sluice::runtime
