#include "device/cpu/forecast_routers.h"

#include <cstring>
#include <variant>

namespace sluice::device {
namespace {

uint64_t copy_bytes(int64_t rows, int64_t cols) {
  return align_up(static_cast<uint64_t>(rows * cols) * sizeof(uint16_t), 64);
}

void copy(const quant::Matrix& from, std::byte* to) {
  std::vector<float> row(static_cast<size_t>(from.cols));
  for (int64_t r = 0; r < from.rows; ++r) {
    quant::format(from.format).decode_row(from, r, row.data());
    for (const float x : row) {
      const uint16_t bits = quant::f32_to_bf16(x);
      std::memcpy(to, &bits, sizeof bits);
      to += sizeof bits;
    }
  }
}

}  // namespace

uint64_t ForecastRouters::bytes(const model::Plan& plan) {
  uint64_t bytes = 0;
  for (const model::Step& step : plan.steps) {
    if (const auto* s = std::get_if<model::Route>(&step.op)) bytes += copy_bytes(s->experts, plan.hidden);
  }
  return bytes;
}

ForecastRouters::ForecastRouters(const model::Plan& plan, const model::Trunk& trunk) {
  auto memory = Arena::map(bytes(plan));
  if (memory.ok()) memory_ = std::move(memory).value();
  std::byte* at = memory_.data();
  for (const model::Step& step : plan.steps) {
    const auto* s = std::get_if<model::Route>(&step.op);
    if (s == nullptr) continue;
    quant::Matrix m = trunk.matrices[static_cast<size_t>(s->router)];
    if (m.format == quant::FormatId::f32 && at != nullptr) {
      copy(m, at);
      m.format = quant::FormatId::bf16;
      m.data = at;
      at += copy_bytes(m.rows, m.cols);
    }
    if (routers_.size() <= static_cast<size_t>(s->moe_index)) routers_.resize(static_cast<size_t>(s->moe_index) + 1);
    routers_[static_cast<size_t>(s->moe_index)] = m;
  }
}

}  // namespace sluice::device
