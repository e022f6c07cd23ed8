// Streamed equals resident: the device over a port that holds every expert in memory and never reads gives, bit for bit,
// what the engine gives with the smallest cache. Experts are handed out in reverse, so arrival order cannot matter.
#include <gtest/gtest.h>

#include <cstring>

#include "device/cpu/cpu_device.h"
#include "kernels/kernel_table.h"
#include "model/trunk.h"
#include "runtime/engine_parts.h"
#include "runtime/pipeline.h"

namespace sluice {
namespace {

const char* const kDemo = SLUICE_SOURCE_DIR "/models/demo.gguf";

class ResidentPort final : public device::ExpertPort {
 public:
  ResidentPort(const store::ModelFiles& files, const model::Plan& plan) {
    for (const model::ExpertLayer& layer : plan.expert_layers) {
      std::vector<Expert> experts(static_cast<size_t>(layer.count));
      for (int32_t e = 0; e < layer.count; ++e) {
        Expert& expert = experts[static_cast<size_t>(e)];
        for (const store::Extent& x : layer.expert(e)) {
          expert.bytes.emplace_back(x.bytes);
          EXPECT_TRUE(files.files[static_cast<size_t>(x.file)].read(x.offset, expert.bytes.back()).ok());
        }
        for (const auto& part : expert.bytes) expert.parts.push_back(part.data());
      }
      layers_.push_back(std::move(experts));
    }
  }
  Status begin(const device::ExpertDemand& demand) override {
    moe_index_ = demand.moe_index;
    wanted_.assign(demand.experts.begin(), demand.experts.end());
    left_ = static_cast<int32_t>(wanted_.size());
    return {};
  }
  Result<int32_t> next(std::span<device::ReadyExpert> out) override {
    int32_t count = 0;
    for (; left_ > 0 && static_cast<size_t>(count) < out.size(); ++count) {
      --left_;
      const auto expert = static_cast<size_t>(wanted_[static_cast<size_t>(left_)]);
      out[static_cast<size_t>(count)] = {left_, 0, layers_[static_cast<size_t>(moe_index_)][expert].parts.data()};
      ++handed_;
    }
    return count;
  }
  void release(std::span<const device::ReadyExpert>) override {}
  void abandon() override {}
  int64_t handed() const { return handed_; }

 private:
  struct Expert {
    std::vector<std::vector<std::byte>> bytes;
    std::vector<const std::byte*> parts;
  };
  std::vector<std::vector<Expert>> layers_;
  std::vector<int32_t> wanted_;
  int32_t moe_index_ = 0, left_ = 0;
  int64_t handed_ = 0;
};

std::vector<int32_t> prompt() {
  std::vector<int32_t> ids(45);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i * 91 % 4000);
  return ids;
}

std::vector<float> resident_logits() {
  auto files = store::open_model(kDemo);
  EXPECT_TRUE(files.ok());
  auto plan = model::compile(*files, {});
  EXPECT_TRUE(plan.ok());
  auto trunk = model::load_trunk(*files, *plan);
  EXPECT_TRUE(trunk.ok());
  ThreadPool threads(2);
  const std::vector<int32_t> ids = prompt();
  const auto count = static_cast<int64_t>(ids.size());
  device::CpuDevice device(*plan, *trunk, **kernels::select(""), threads, device::make_workspace(*plan, count, count, 2).value());
  device::State state = device::make_state(*plan, count, kernels::KvFormat::f32).value();
  ResidentPort port(*files, *plan);
  std::vector<float> logits(ids.size() * static_cast<size_t>(plan->vocab));
  const device::Part part{&state, 0, count};
  const device::Chunk chunk{ids, {&part, 1}, &port, 0, logits.data()};
  EXPECT_TRUE(runtime::run_chunk({.plan = *plan, .device = device}, chunk).ok());
  EXPECT_EQ(state.position, count);
  EXPECT_GT(port.handed(), int64_t{plan->top_k} * plan->layers);
  return logits;
}

TEST(Resident, StreamedExpertsGiveTheSameBytes) {
  EngineOptions o;
  o.model = kDemo;
  o.threads = 2;
  o.context = 64;
  const auto info = inspect(o);
  ASSERT_TRUE(info.ok());
  o.memory_bytes = info->floor_bytes;
  auto engine = Engine::open(o);
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  auto session = (*engine)->new_session();
  ASSERT_TRUE(session.ok());
  std::vector<float> streamed;
  ASSERT_TRUE((*session)->feed(prompt(), [&](int64_t, std::span<const float> row) -> Status {
    streamed.insert(streamed.end(), row.begin(), row.end());
    return {};
  }).ok());
  EXPECT_GT((*engine)->parts().experts->counters().misses, 0u);
  const std::vector<float> resident = resident_logits();
  ASSERT_EQ(streamed.size(), resident.size());
  EXPECT_EQ(std::memcmp(streamed.data(), resident.data(), resident.size() * sizeof(float)), 0);
}

}  // namespace
}  // namespace sluice
