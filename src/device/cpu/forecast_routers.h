// The routers once more in BF16, for look-ahead: a guess needs no more bits, and reading every router twice a token in
// float32 would cost the time that look-ahead gains.
#pragma once

#include <cstdint>
#include <vector>

#include "base/arena.h"
#include "model/plan.h"
#include "model/trunk.h"

namespace sluice::device {

class ForecastRouters {
 public:
  // Borrows from the trunk those that have no more than 16 bits a weight. Where memory is short, all of them.
  ForecastRouters(const model::Plan& plan, const model::Trunk& trunk);

  const quant::Matrix& operator[](size_t moe_index) const { return routers_[moe_index]; }

  static uint64_t bytes(const model::Plan& plan);

 private:
  std::vector<quant::Matrix> routers_;  // by moe_index
  Arena memory_;
};

}  // namespace sluice::device
