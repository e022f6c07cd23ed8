#include "runtime/forecast.h"

#include <gtest/gtest.h>

#include <numeric>

#include "cache/replay.h"
#include "cache/route_model.h"
#include "store/model_files.h"

namespace sluice {
namespace {

using namespace runtime;

constexpr const char* kDemo = SLUICE_SOURCE_DIR "/models/demo.gguf";

// Four layers of a quarter gigabyte of trunk and experts of 8 MB, 10 a token.
TokenWork some_work() {
  return {.layers = std::vector<LayerWork>(4, {.trunk = 0.2e9, .shared = 0.05e9, .record = 8e6}),
          .head = 0.5e9,
          .state = 0.1e9,
          .top_k = 10};
}

MissForecast misses(size_t every_time) {
  MissForecast out{.chance = std::vector<double>(11), .chunk_touched = 200, .chunk_missed = 100};
  out.chance[every_time] = 1;
  return out;
}

SpeedForecast touching(double experts, double read) {
  SpeedForecast s;
  s.expert_bytes = experts;
  s.ssd_bytes = read;
  return s;
}

constexpr MachineRates kMachine{.ssd_gb_s = 4, .ram_gb_s = 40, .compute_gb_s = 80};

TEST(Forecast, TheLimitByHand) {
  const TokenWork work = some_work();
  EXPECT_DOUBLE_EQ(work.trunk(), 1.5e9);
  EXPECT_DOUBLE_EQ(work.experts(), 0.32e9);
  SpeedForecast s = touching(work.experts(), 0.08e9);
  set_limit(work, kMachine, s);
  EXPECT_DOUBLE_EQ(*s.ssd_s, 0.02);
  EXPECT_DOUBLE_EQ(*s.ram_s, (0.32 + 0.08 + 1.5 + 0.1) / 40);
  EXPECT_DOUBLE_EQ(*s.limit_tok_s, 20);
  s.ssd_bytes = 0.32e9;
  set_limit(work, kMachine, s);
  EXPECT_DOUBLE_EQ(*s.limit_tok_s, 12.5);
}

TEST(Forecast, WithoutRatesThereIsNoSpeed) {
  SpeedForecast s = touching(1, 1);
  set_limit(some_work(), {.ssd_gb_s = 4, .ram_gb_s = 0, .compute_gb_s = 10}, s);
  EXPECT_FALSE(s.limit_tok_s || s.ssd_s || s.ram_s);
}

TEST(Forecast, FasterMachinesAndFewerMissesAreNeverSlower) {
  const TokenWork work = some_work();
  for (size_t missed = 0; missed <= 10; ++missed) {
    for (const double factor : {0.1, 1.0, 10.0}) {
      MachineRates machine = kMachine;
      machine.ssd_gb_s *= factor;
      const double seconds = token_seconds(work, misses(missed), machine, true);
      EXPECT_LE(seconds, token_seconds(work, misses(missed), machine, false));
      EXPECT_LE(seconds, missed < 10 ? token_seconds(work, misses(missed + 1), machine, true) : 1e9);
      SpeedForecast s = touching(work.experts(), work.experts() * static_cast<double>(missed) / 10);
      set_limit(work, machine, s);
      EXPECT_GE(seconds, 1 / *s.limit_tok_s);  // no forecast is above the limit
      for (double MachineRates::*rate :
           {&MachineRates::ssd_gb_s, &MachineRates::ram_gb_s, &MachineRates::compute_gb_s}) {
        MachineRates faster = machine;
        faster.*rate *= 1.5;
        EXPECT_LE(token_seconds(work, misses(missed), faster, true), seconds);
        EXPECT_LE(prompt_seconds(work, misses(missed), faster, 64), prompt_seconds(work, misses(missed), machine, 64));
      }
    }
  }
}

TEST(Forecast, MoreSlotsMissLess) {
  const cache::RouteShape shape{4, 64, 4};
  for (const auto& preset : cache::route_presets()) {
    const auto trace = cache::generate_routes(shape, preset.habits, 1, 0, 1200);
    double before = 5;
    for (const int32_t slots : {4 * 40, 8 * 40, 16 * 40, 32 * 40, 64 * 40}) {  // of 40 layers, 4 of them replayed
      const CacheForecast f = forecast_cache(trace, 40, slots, 256, cache::policies().front());
      for (const MissForecast* m : {&f.cold, &f.warm}) {
        EXPECT_NEAR(std::accumulate(m->chance.begin(), m->chance.end(), 0.0), 1, 1e-9);
        EXPECT_LE(m->chunk_missed, m->chunk_touched);
        EXPECT_LE(m->chunk_touched, 64.001);
      }
      EXPECT_EQ(f.cold.chunk_missed, f.cold.chunk_touched);  // the cache was empty
      EXPECT_LT(f.warm.mean(), before) << preset.name << slots;
      EXPECT_LE(f.warm.mean(), f.cold.mean() + 0.5) << preset.name << slots;
      before = f.warm.mean();
    }
    EXPECT_LT(before, 0.2) << preset.name;
  }
}

// The hit rate is the one that replaying the same routes gives, when no layer is left out.
TEST(Forecast, CountsAsReplayDoes) {
  const cache::RouteShape shape{4, 64, 4};
  const auto habits = cache::route_preset("mixed")->habits;
  const auto all = cache::generate_routes(shape, habits, 1, 0, 1200);
  cache::RouteTrace first(shape);
  for (size_t token = 0; token < 64; ++token) {
    std::vector<uint16_t> ids;
    for (int32_t layer = 0; layer < shape.layers; ++layer) {
      const auto experts = all.experts(token, layer);
      ids.insert(ids.end(), experts.begin(), experts.end());
    }
    ASSERT_TRUE(first.append(0, cache::RoutePhase::decode, ids).ok());
  }
  for (const cache::PolicyRow& policy : cache::policies()) {
    const auto counts = cache::replay(first, policy, {.slots = 50});
    const CacheForecast f = forecast_cache(all, shape.layers, 50, 16, policy);
    EXPECT_NEAR(1 - f.cold.mean() / shape.k, counts.decode_hit_rate(), 1e-9) << policy.name;
  }
}

EngineOptions demo() {
  EngineOptions o;
  o.model = kDemo;
  o.threads = 2;
  o.context = 1024;
  o.ssd_gb_s = 2;
  o.ram_gb_s = 17;
  return o;
}

TEST(Forecast, OfAModelGrowsWithMemory) {
  const std::vector<uint64_t> budgets = {46 << 20, 50 << 20, 60 << 20, 80 << 20, uint64_t{1} << 30};
  const auto table = forecast(demo(), budgets);
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->routes, "conversation");
  EXPECT_EQ(table->policy, cache::policies().front().name);
  ASSERT_EQ(table->rows.size(), budgets.size());
  double before = 0;
  for (const Forecast& row : table->rows) {
    ASSERT_EQ(row.refused, "");
    EXPECT_GE(*row.warm.tok_s, before);
    EXPECT_LE(*row.warm.tok_s, *row.warm.limit_tok_s);
    EXPECT_LE(*row.cold.tok_s, *row.cold.limit_tok_s);
    EXPECT_GT(*row.cold.prompt_tok_s, 0);
    EXPECT_GT(row.trunk_bytes, 1e6);
    before = *row.warm.tok_s;
  }
  EXPECT_EQ(table->rows.back().resident_share, 1);
  EXPECT_GT(table->rows.back().warm.hit_rate, 0.95);
}

TEST(Forecast, TooLittleMemoryIsARowThatSaysSo) {
  const std::vector<uint64_t> budgets = {1 << 20, 0};
  const auto table = forecast(demo(), budgets);
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_NE(table->rows[0].refused.find("needs at least"), std::string::npos);
  EXPECT_EQ(table->rows[0].memory.budget, uint64_t{1} << 20);
  EXPECT_EQ(table->rows[1].refused, "");
  EXPECT_GT(table->rows[1].memory.budget, 0u);
}

TEST(Forecast, UnknownNamesAreRefused) {
  const std::vector<uint64_t> budgets = {0};
  EngineOptions o = demo();
  o.routes = "somewhere";
  EXPECT_NE(forecast(o, budgets).error().message.find("conversation"), std::string::npos);
  o = demo();
  o.policy = "best";
  EXPECT_NE(forecast(o, budgets).error().message.find("fading"), std::string::npos);
  o = demo();
  o.context = 1 << 30;
  EXPECT_EQ(forecast(o, budgets).error().code, Code::invalid);
}

}  // namespace
}  // namespace sluice
